"""Something with a time and a place."""

import datetime as dt
import hashlib
import secrets
from pathlib import PurePath
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, GreaterThan
from django.utils.text import slugify
from django.utils.timezone import localtime, now as right_now
from django.utils.translation import gettext_lazy as _

from myapp.events.codes import new_code
from myapp.events.models.organisations import Organisation
from myapp.events.models.sources import Series, Source
from myapp.venues.models import Building, Room
from myapp.web import markdown


class Category(models.TextChoices):
    """What sort of event it is; each has its colour in the style sheet."""

    TALK = "talk", _("Talks")
    WORKSHOP = "workshop", _("Workshops")
    ARTS = "arts", _("Arts")
    SPORT = "sport", _("Sport")
    CAREER = "career", _("Careers")
    SOCIAL = "social", _("Social")
    CULTURE = "culture", _("Culture")
    WELLBEING = "wellbeing", _("Wellbeing")
    VOLUNTEERING = "volunteering", _("Volunteering")
    OTHER = "other", _("Other")


class Status(models.TextChoices):
    """Where an event is in its life."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    CANCELLED = "cancelled", _("Cancelled")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Visibility(models.TextChoices):
    """Who may see it."""

    EVERYONE = "everyone", _("Everyone")
    CAMPUS = "campus", _("People of the campus")
    MEMBERS = "members", _("Members of the organisation")
    LINK = "link", _("Whoever has the link")


# What `Event.prepare` writes: the fields a bulk update must name.
DERIVED_FIELDS = [
    *("description_html", "description_text", "organisation_name", "place_label", "keywords", "building"),
    *(
        "day",
        "starts_text",
        "ends_text",
        "slug",
        "is_upcoming",
        "is_near",
        "sequence",
        "fingerprint",
        "changed_at",
    ),
]


# How far ahead an event is marked as near: on a large campus a few per cent of all, among which a search for words finds
# a page of any word that is not rare.
NEAR = dt.timedelta(days=21)


# Longer than an evening: what may go on for several days. A difference of moments, because an index takes no sum of
# a moment and a duration, which depends on the session's zone.
LASTS_LONG = GreaterThan(
    models.ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=models.DurationField()),
    models.Value(dt.timedelta(hours=5)),
)


# What the search looks through: `is_upcoming`, in a form of which PostgreSQL expects that every row holds it. Of the plain
# form it expects a tenth, once for the index and once for the question, and would look up what it had better walk to.
SEARCHED = ~Q(Exact(Cast("is_upcoming", models.IntegerField()), models.Value(0)))


def poster_name(_event: "Event", filename: str) -> str:
    """Return the name under which a poster is kept: one that cannot be guessed, since whoever asks for a file gets it."""
    return f"posters/{secrets.token_hex(8)}{PurePath(filename).suffix.lower()[:10]}"


class EventQuerySet(models.QuerySet["Event"]):
    """Questions about events that read as English and chain."""

    def public(self) -> Self:
        """Those that lists, search, feeds and the sitemap may show to everyone."""
        return self.filter(is_public=True)

    def upcoming(self, now: dt.datetime | None = None) -> Self:
        """Public ones that are not over at `now`; stands on the partial indexes."""
        return self.filter(is_upcoming=True, ends_at__gt=now or right_now())

    def past(self, now: dt.datetime | None = None) -> Self:
        """Public ones that are over at `now`."""
        now = now or right_now()
        # What is over has begun: said as well, it bounds the walk along the index over starts_at.
        return self.public().filter(ends_at__lte=now, starts_at__lte=now)

    def during(self, start: dt.datetime | None, end: dt.datetime | None) -> Self:
        """Those that take place at some moment from `start` on and before `end`; either may be open."""
        # One that ends when it starts still takes that moment.
        goes_on = Q(ends_at__gt=start) | Q(starts_at=start) if start else Q()
        return self.filter(goes_on, Q(starts_at__lt=end) if end else Q())

    def long(self, start: dt.datetime, end: dt.datetime) -> Self:
        """Public ones longer than an evening that take place between two moments; they have an index of their own."""
        return self.public().filter(LASTS_LONG, ends_at__gt=start, starts_at__lt=end)

    def by_date(self) -> Self:
        """In the order in which they begin; the id settles ties, so that pages never repeat or lose one."""
        return self.order_by("starts_at", "id")


class Event(models.Model):
    """Something with a time and a place.

    `ends_at` is exclusive; an all-day event lasts from local midnight to local midnight of the campus's zone.
    What a list shows is worked out once by `prepare()` and kept as text: a list of thirty formats nothing.
    """

    code = models.CharField(_("code"), max_length=10, unique=True, default=new_code, editable=False)
    slug = models.SlugField(_("slug"), max_length=100, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=200)
    summary = models.CharField(_("in one sentence"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True, help_text=_("Markdown."))
    category = models.CharField(_("category"), max_length=15, choices=Category, default=Category.OTHER)
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True, help_text=_("Like en or pt-BR."))
    poster = models.ImageField(_("poster"), upload_to=poster_name, blank=True)
    url = models.URLField(_("more at"), max_length=1000, blank=True)

    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    all_day = models.BooleanField(_("all day"), default=False)
    timezone = models.CharField(_("announced in zone"), max_length=60, blank=True)

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="events", db_index=False, verbose_name=_("organisation")
    )
    room = models.ForeignKey(
        Room,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        db_index=False,
        verbose_name=_("room"),
    )
    building = models.ForeignKey(
        Building,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        db_index=False,
        verbose_name=_("building"),
    )
    place = models.CharField(
        _("place"), max_length=300, blank=True, help_text=_("Where it is no room of the campus.")
    )
    online = models.BooleanField(_("online"), default=False)
    online_url = models.URLField(_("online at"), max_length=1000, blank=True)

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    visibility = models.CharField(
        _("who may see it"), max_length=10, choices=Visibility, default=Visibility.EVERYONE
    )
    cancel_reason = models.CharField(_("why it is cancelled"), max_length=300, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed at"), default=right_now, editable=False)
    sequence = models.PositiveIntegerField(_("revision"), default=0, editable=False)
    fingerprint = models.CharField(max_length=32, blank=True, editable=False)

    series = models.ForeignKey(
        Series, models.SET_NULL, null=True, blank=True, related_name="events", verbose_name=_("series")
    )
    source = models.ForeignKey(
        Source,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        editable=False,
        verbose_name=_("source"),
    )
    uid = models.CharField(_("name in calendars"), max_length=500, blank=True, editable=False)
    recurrence_id = models.DateTimeField(_("date in its series"), null=True, blank=True, editable=False)

    description_html = models.TextField(editable=False, blank=True)
    description_text = models.TextField(editable=False, blank=True)
    organisation_name = models.CharField(
        _("organisation, as shown"), max_length=200, editable=False, blank=True
    )
    place_label = models.CharField(_("place, as shown"), max_length=300, editable=False, blank=True)
    keywords = models.TextField(editable=False, blank=True)
    day = models.DateField(_("day"), editable=False)
    starts_text = models.CharField(max_length=5, editable=False, blank=True)
    ends_text = models.CharField(max_length=5, editable=False, blank=True)

    is_public = models.GeneratedField(
        expression=Q(visibility="everyone", status__in=["published", "cancelled"]),  # type: ignore[arg-type] # Q is one
        output_field=models.BooleanField(),
        db_persist=True,
    )
    is_upcoming = models.BooleanField(default=False, editable=False)
    # Upcoming, and soon: only the mark of an index. Nothing may depend on when it was last set, see `events.search`.
    is_near = models.BooleanField(default=False, db_default=False, editable=False)
    # `starts_at` while the event is upcoming. PostgreSQL takes conditions for independent, so of "is upcoming" and
    # "starts this week" it expects a tenth of a week's events; of one column that says both it knows how many there are.
    listed_from = models.GeneratedField(
        expression=models.Case(models.When(is_upcoming=True, then=F("starts_at"))),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    search = models.GeneratedField(
        expression=models.Func(
            F("title"), F("keywords"), F("place_label"), F("description_text"), function="event_search_vector"
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("starts_at")), name="events_event_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["source", "uid", "recurrence_id"],
                condition=Q(source__isnull=False),
                nulls_distinct=False,
                name="events_event_imported_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["starts_at", "id"], condition=Q(is_upcoming=True), name="events_event_upcoming"
            ),
            models.Index(
                fields=["ends_at"], condition=Q(is_upcoming=True), name="events_event_upcoming_ends"
            ),
            models.Index(fields=["starts_at", "id"], condition=Q(is_public=True), name="events_event_public"),
            models.Index(
                fields=["ends_at"], condition=Q(LASTS_LONG, is_public=True), name="events_event_long"
            ),
            models.Index(
                fields=["-changed_at", "-id"],
                condition=Q(listed_from__isnull=False),
                name="events_event_news",
            ),
            models.Index(
                fields=["category", "starts_at"], condition=Q(is_upcoming=True), name="events_event_category"
            ),
            models.Index(fields=["organisation", "starts_at"], name="events_event_organisation"),
            models.Index(
                fields=["room", "starts_at"], condition=Q(room__isnull=False), name="events_event_room"
            ),
            models.Index(
                fields=["building", "starts_at"],
                condition=Q(building__isnull=False),
                name="events_event_building",
            ),
            # Of all rows: PostgreSQL never meets two indexes of which one's condition follows from the other's.
            models.Index(fields=["listed_from", "id"], name="events_event_listed"),
            models.Index(
                fields=["language"],
                condition=Q(is_upcoming=True) & ~Q(language=""),
                name="events_event_language",
            ),
            GinIndex(
                fields=["search"],
                condition=SEARCHED,
                fastupdate=False,
                name="events_event_listed_search",
            ),
            GinIndex(
                fields=["search"],
                condition=Q(is_near=True),
                fastupdate=False,
                name="events_event_near_search",
            ),
            models.Index(
                fields=["is_near", "listed_from", "id"], condition=SEARCHED, name="events_event_near"
            ),
            GinIndex(fields=["search"], condition=Q(is_public=True), name="events_event_public_search"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def path(self) -> str:
        """The address of its page, without the language's prefix."""
        return f"/events/{self.slug}/"

    @property
    def is_cancelled(self) -> bool:
        """Whether it was called off."""
        return self.status == Status.CANCELLED

    def is_past(self, now: dt.datetime | None = None) -> bool:
        """Whether it is over at `now`."""
        return self.ends_at <= (now or right_now())

    def prepare(self, rendered: tuple[str, str] | None = None) -> bool:
        """Work out every derived field, and count a revision where what people were told has changed.

        Reads `organisation`, `room` and `building`: a query each where not loaded. `rendered` is the description's
        sanitised HTML and its plain words, from a caller who has them already. Returns whether anything that people
        were told (title, times, place, description, status, address) differs from the last time.
        """
        if rendered is None:
            html = markdown.to_html(self.description)
            rendered = html, markdown.to_text(html)
        self.description_html, self.description_text = rendered
        if self.room is not None:
            self.building = self.room.building
        self.organisation_name = self.organisation.name
        self.place_label = self._place_label()
        kind = "" if self.category == Category.OTHER else self.category
        self.keywords = " ".join([self.organisation_name, *self.tags, kind]).strip()
        start, end = localtime(self.starts_at), localtime(self.ends_at)
        self.day = start.date()
        self.starts_text = "" if self.all_day else f"{start:%H:%M}"
        self.ends_text = "" if self.all_day or end == start else f"{end:%H:%M}"
        self.slug = f"{slugify(self.title)[:80].strip('-') or 'event'}-{self.code}"
        self.is_upcoming = (
            self.status in {Status.PUBLISHED, Status.CANCELLED}
            and self.visibility == Visibility.EVERYONE
            and not self.is_past()
        )
        self.is_near = self.is_upcoming and self.starts_at < right_now() + NEAR
        return self._count_revision()

    def _place_label(self) -> str:
        """The place as a list shows it; the room's label wins over what somebody typed."""
        if self.room is not None:
            return self.room.label
        if self.place:
            return self.place
        return self.building.name if self.building is not None else ""

    def _count_revision(self) -> bool:
        """Compare with the last fingerprint; a change after publication is a new iCalendar SEQUENCE (RFC 5545 3.8.7.4)."""
        told = (
            *(
                self.title,
                self.summary,
                self.description,
                self.starts_at.astimezone(dt.UTC).isoformat(),  # the same moment in another zone is no change
                self.ends_at.astimezone(dt.UTC).isoformat(),
            ),
            *(self.all_day, self.place_label, self.online_url, self.url),
            *(
                str(self.status),
                str(self.visibility),
                str(self.category),
            ),  # a member of a choice is its value
            *(self.organisation_name, sorted(self.tags), self.language, self.cancel_reason),
        )
        fingerprint = hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()
        if fingerprint == self.fingerprint:
            return False
        if self.fingerprint and self.status != Status.DRAFT:
            self.sequence += 1
        self.fingerprint = fingerprint
        self.changed_at = right_now()
        return True

    def save(self, **kwargs: Any) -> None:
        """Save with everything derived; `update_fields` is for callers who know what `prepare` touches."""
        if "update_fields" not in kwargs:
            self.prepare()
        super().save(**kwargs)
