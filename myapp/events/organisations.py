"""What can be asked about organisations, and what each of them has on; nothing here writes."""

from dataclasses import dataclass
from typing import NamedTuple, Self

from django.core.exceptions import BadRequest
from django.db.models import Count, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.events.models import Event, Organisation, OrganisationKind
from myapp.events.queries import ROW_FIELDS, Row
from myapp.web.pagination import page_of
from myapp.web.query_strings import query_string

PAGE = 30
_MOST_WORDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationFilters:
    """One question to the list of organisations; `after` is the place where the page before ended."""

    q: str = ""
    kind: str = ""
    tag: str = ""
    after: str = ""

    @classmethod
    def parse(cls, query: QueryDict) -> Self:
        """Read a query string. Raises `BadRequest` with a sentence for a kind there is not."""
        kind = query.get("kind", "")
        if kind and kind not in OrganisationKind.values:
            raise BadRequest(_("There is no such kind of organisation."))
        words = " ".join(query.get("q", "").split())[:200]
        return cls(q=words, kind=kind, tag=query.get("tag", "")[:60], after=query.get("after", ""))

    def link(self, **changes: str) -> str:
        """Return "?…" for this question with some answers changed, from its first page; "?" for none at all."""
        values = {"q": self.q, "kind": self.kind, "tag": self.tag}
        return "?" + query_string(values | changes)


ORGANISATION_READS = ("after", "kind", "q", "tag")


class Listed(NamedTuple):
    """One organisation of a list, and what it has on next, if anything."""

    organisation: Organisation
    upcoming: Row | None


class OrganisationPage(NamedTuple):
    """One page of the list; `more` is the `after` of the next one, empty on the last."""

    listed: list[Listed]
    more: str


def list_organisations(filters: OrganisationFilters, *, limit: int = PAGE) -> OrganisationPage:
    """Return a page of active organisations by name, each with what it has on next.

    Two queries. Raises `BadRequest` for an `after` that no page gave.
    """
    upcoming = (
        Event.objects.upcoming()
        .filter(organisation=OuterRef("pk"), starts_at__gte=timezone.now())
        .by_date()
        .values("pk")[:1]
    )
    found = matching_organisations(filters).annotate(upcoming_id=Subquery(upcoming))
    page = page_of(found, by=("lower_name", "pk"), size=limit, after=filters.after)
    ids = [organisation.upcoming_id for organisation in page.rows if organisation.upcoming_id]
    rows = {row["id"]: row for row in Event.objects.filter(pk__in=ids).values(*ROW_FIELDS)}
    listed = [Listed(organisation, rows.get(organisation.upcoming_id)) for organisation in page.rows]
    return OrganisationPage(listed, page.next)


def matching_organisations(filters: OrganisationFilters) -> QuerySet:
    """Return the active organisations that match, in no order: every word in the name, the summary or a tag."""
    found = (
        Organisation.objects.filter(is_active=True)
        .only("name", "slug", "kind", "summary", "tags")
        .annotate(lower_name=Lower("name"))
    )
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.tag:
        found = found.filter(tags__contains=[filters.tag])
    tags = Func(F("tags"), Value(" "), function="array_to_string", output_field=TextField())
    for word in filters.q.split()[:_MOST_WORDS]:
        found = found.alias(all_tags=tags).filter(
            Q(name__unaccent__icontains=word)
            | Q(summary__unaccent__icontains=word)
            | Q(all_tags__unaccent__icontains=word)
        )
    return found


def kinds_in_use() -> list[tuple[str, str, int]]:
    """Return value, name and number of active organisations of each kind there is: one query."""
    counted = dict(
        Organisation.objects.filter(is_active=True).order_by().values_list("kind").annotate(Count("pk"))
    )
    return [(kind.value, str(kind.label), counted[kind]) for kind in OrganisationKind if kind in counted]


def number_of_past_events(organisation: Organisation) -> int:
    """Return how many public events of it are over: one query."""
    return Event.objects.past().filter(organisation=organisation).count()
