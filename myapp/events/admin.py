"""The back office: organisations and events.

What changes goes through the actions, as everywhere: they work out what is derived, and let shared pages be made anew.
"""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _, ngettext

from myapp.accounts.models import User
from myapp.events import actions
from myapp.events.errors import EventRefused, NotAllowed
from myapp.events.models import Event, Membership, Organisation, Role, Series, Source
from myapp.events.times import whole_days
from myapp.venues.admin import BuildingAdmin, RoomAdmin
from myapp.venues.models import Building, Room


def _acting(request: HttpRequest) -> User:
    return cast("User", request.user)


class OrganisersInline(admin.TabularInline):
    """Those who act for an organisation. Its members are in a list of their own: there may be thousands.

    Who somebody is stands as text here: a field to choose from asks the database once for each row.
    """

    model = Membership
    verbose_name_plural = _("organisers")
    extra = max_num = 0
    fields = readonly_fields = ("user", "since")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Leave members out."""
        people: QuerySet[Membership] = super().get_queryset(request)
        return people.filter(role=Role.ORGANISER).select_related("user", "organisation")


class JoiningForm(forms.ModelForm):
    """Somebody who joins."""

    def clean_user(self) -> User:
        """Refuse who is there already: an inline form leaves the constraint to the database, which would fail."""
        user = cast("User", self.cleaned_data["user"])
        if Membership.objects.filter(organisation_id=self.instance.organisation_id, user=user).exists():
            raise forms.ValidationError(
                _("This person belongs to it already; change that in the list of members.")
            )
        return user


class NewPersonInline(admin.TabularInline):
    """An empty row for somebody who joins."""

    model = Membership
    form = JoiningForm
    verbose_name = _("new person")
    verbose_name_plural = _("new people")
    extra = 1
    fields = ("user", "role")
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Show nobody who is there already."""
        people: QuerySet[Membership] = super().get_queryset(request)
        return people.none()


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    """Who belongs to which organisation, as what."""

    list_display = ("user", "organisation", "role", "since")
    list_filter = ("role",)
    list_select_related = ("user", "organisation")
    search_fields = ("user__name", "user__username", "user__email", "organisation__name")
    autocomplete_fields = ("user", "organisation")
    readonly_fields = ("since",)
    show_full_result_count = False


class DeletedByAction(admin.ModelAdmin):
    """What events stand on: deleting it reaches them and the public pages."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it, and take its name off its events."""
        actions.delete(obj, acting_user=_acting(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete each of the chosen ones."""
        for obj in queryset:
            self.delete_model(request, obj)


@admin.register(Organisation)
class OrganisationAdmin(DeletedByAction):
    """Organisations and their people."""

    list_display = ("name", "kind", "member_count", "application_required", "is_active")
    list_filter = ("is_active", "kind", "application_required")
    search_fields = ("name", "summary")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("source_key", "created_at")
    inlines = (OrganisersInline, NewPersonInline)
    fieldsets = (
        (None, {"fields": ("name", "slug", "kind", "is_active")}),
        (
            _("What it is"),
            {"fields": ("summary", "description", "tags", "meeting_time", "application_required")},
        ),
        (_("How to reach it"), {"fields": ("website", "email")}),
        (_("Where it comes from"), {"fields": ("source_key", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        """Count the members along."""
        organisations: QuerySet[Organisation] = super().get_queryset(request)
        return organisations.annotate(members_counted=Count("memberships"))

    @admin.display(description=_("members"), ordering="members_counted")
    def member_count(self, organisation: Organisation) -> str:
        """Return how many people belong to it, as the way to them."""
        people = f"{reverse('admin:events_membership_changelist')}?organisation__id__exact={organisation.pk}"
        counted = organisation.members_counted  # type: ignore[attr-defined]
        return format_html('<a href="{}">{}</a>', people, counted)

    def save_model(self, request: HttpRequest, obj: Organisation, _form: Any, _change: bool) -> None:  # noqa: FBT001
        """Save it, and its name on its events."""
        actions.save_organisation(obj, acting_user=_acting(request))


class WithReason(ActionForm):
    """What is to be done with the chosen events, and why."""

    reason = forms.CharField(label=_("Reason, if cancelled"), max_length=300, required=False)


class EventForm(forms.ModelForm):
    """An event as it is typed in."""

    def clean(self) -> dict[str, Any] | None:
        """Refuse an end before the start beside the field; make whole days of what lasts all day."""
        data = super().clean()
        starts_at, ends_at = self.cleaned_data.get("starts_at"), self.cleaned_data.get("ends_at")
        if starts_at and ends_at and ends_at < starts_at:
            self.add_error("ends_at", _("It ends before it starts."))
        elif starts_at and ends_at and self.cleaned_data.get("all_day"):
            self.cleaned_data |= dict(
                zip(("starts_at", "ends_at"), whole_days(starts_at, ends_at), strict=True)
            )
        return data


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """Events. Their state changes by the actions of the list; none is deleted, since its address must go on answering."""

    form = EventForm
    list_display = ("title", "starts", "organisation", "place_label", "category", "status", "visibility")
    list_filter = ("status", "visibility", "starts_at", "category", "online", "all_day")
    list_select_related = ("organisation",)
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-starts_at", "-id")
    search_fields = ("title", "code", "organisation_name")
    search_help_text = _("By title, code or organisation")
    autocomplete_fields = ("organisation", "room", "building", "series")
    action_form = WithReason
    actions = ("publish", "cancel", "withdraw")
    readonly_fields = (
        *(
            "code",
            "slug",
            "status",
            "cancel_reason",
            "published_at",
            "cancelled_at",
            "created_at",
            "changed_at",
        ),
        *(
            "timezone",
            "organisation_name",
            "place_label",
            "day",
            "source",
            "uid",
            "recurrence_id",
            "sequence",
        ),
    )
    fieldsets = (
        (
            None,
            {"fields": ("title", "summary", "description", "organisation", "category", "tags", "language")},
        ),
        (_("When"), {"fields": (("starts_at", "ends_at"), "all_day", "timezone")}),
        (_("Where"), {"fields": ("room", "building", "place", "online", "online_url")}),
        (_("To be seen"), {"fields": ("visibility", "status", "cancel_reason", "poster", "url")}),
        (
            _("Worked out and kept"),
            {
                "classes": ("collapse",),
                "fields": (
                    *("code", "slug", "organisation_name", "place_label", "day"),
                    *("published_at", "cancelled_at", "created_at", "changed_at"),
                    *("series", "source", "uid", "recurrence_id", "sequence"),
                ),
            },
        ),
    )

    @admin.display(description=_("starts"), ordering="starts_at")
    def starts(self, event: Event) -> str:
        """Return the day and time as the campus writes them down."""
        return f"{event.day} {event.starts_text}"

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Refuse: an event is withdrawn, and its address says so from then on."""
        return False

    def save_model(self, request: HttpRequest, obj: Event, _form: Any, _change: bool) -> None:  # noqa: FBT001
        """Save it with everything derived."""
        actions.save_event(obj, acting_user=_acting(request))

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Event]) -> None:
        """Show the chosen drafts, or bring back what was cancelled."""
        self._each(request, chosen, actions.publish)

    @admin.action(description=_("Cancel"), permissions=["change"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Event]) -> None:
        """Call the chosen events off, for the reason given beside the action."""
        self._each(request, chosen, actions.cancel, reason=request.POST.get("reason", "").strip())

    @admin.action(description=_("Withdraw for good"), permissions=["change"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[Event]) -> None:
        """Take the chosen events off every page."""
        self._each(request, chosen, actions.withdraw)

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Event], act: Callable[..., Event], **said: str
    ) -> None:
        """Do one thing to every chosen event; what is refused is told, and keeps none of the others from it."""
        done = 0
        for event in chosen:
            try:
                act(event, acting_user=_acting(request), **said)
                done += 1
            except (EventRefused, NotAllowed) as refusal:
                self.message_user(request, f"{event}: {refusal}", messages.ERROR)
        if done:
            sentence = ngettext("Done for %(count)d event.", "Done for %(count)d events.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)


@admin.register(Series)
class SeriesAdmin(DeletedByAction):
    """Rules that stamp events, as imports brought them."""

    list_display = ("title", "organisation", "timezone", "horizon")
    list_select_related = ("organisation",)
    search_fields = ("title", "organisation__name")
    autocomplete_fields = ("organisation",)
    readonly_fields = ("source", "uid", "horizon")


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin):
    """Where imported events come from."""

    list_display = ("key", "name", "imported_at")
    search_fields = ("key", "name")
    readonly_fields = ("key", "imported_at")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Refuse: importing adds them."""
        return False


# A room's and a building's name stands on the events in it. Venues know nothing of events, so this is added here.
admin.site.unregister([Room, Building])


@admin.register(Room)
class RoomOfEventsAdmin(DeletedByAction, RoomAdmin):
    """Rooms; a new name reaches the events in them."""

    def save_model(self, request: HttpRequest, obj: Room, _form: Any, _change: bool) -> None:  # noqa: FBT001
        """Save it, and its label on its events."""
        actions.save_room(obj, acting_user=_acting(request))


@admin.register(Building)
class BuildingOfEventsAdmin(DeletedByAction, BuildingAdmin):
    """Buildings; a new name reaches the events in them."""

    def save_model(self, request: HttpRequest, obj: Building, _form: Any, _change: bool) -> None:  # noqa: FBT001
        """Save it, and its name on its events."""
        actions.save_building(obj, acting_user=_acting(request))
