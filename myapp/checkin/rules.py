"""Who may: small named predicates."""

from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.checkin.models import Helper
from myapp.events.codes import code_of
from myapp.events.models import Event, Membership, Organisation, Role
from myapp.events.rules import can_organise
from myapp.registrations.models import Desk
from myapp.web.rows import prepared


def can_keep_door(user: User, desk: Desk) -> bool:
    """Whether the person may let people in: who acts for the organisation, and whom they named. At most one query."""
    if user.is_staff:
        return True
    acts = Membership.objects.filter(organisation=OuterRef("pk"), user=user, role=Role.ORGANISER)
    helps = Helper.objects.filter(event=desk.event_id, user=user)
    organisation = Organisation.objects.filter(pk=desk.event.organisation_id)
    return organisation.filter(Exists(acts) | Exists(helps)).exists()


def can_run_door(user: User, desk: Desk) -> bool:
    """Whether the person decides about the door: helpers, settings, places of who is not there. At most one query."""
    return can_organise(user, desk.event.organisation)


# What a scan asks before it is looked at, in one statement: the two questions above as models cost more than the scan.
_KEPT = """
SELECT event.id, event.status, event.starts_at, event.ends_at, event.organisation_id, event.series_id,
    %(staff)s OR EXISTS (
        SELECT FROM events_membership member
        WHERE member.organisation_id = event.organisation_id AND member.user_id = %(user)s AND member.role = 'organiser'
    ) OR EXISTS (
        SELECT FROM checkin_helper helper WHERE helper.event_id = event.id AND helper.user_id = %(user)s
    )
FROM registrations_desk desk JOIN events_event event ON event.id = desk.event_id
WHERE event.code = %(code)s AND desk.way = 'here'
"""


def kept_door_or_404(user: User, slug: str) -> tuple[Desk, bool]:
    """Return the desk of an event with no more than a scan asks of it, and whether the person may let people in there.

    One query. Raises `Http404` where there is no door.
    """
    with prepared() as cursor:
        cursor.execute(_KEPT, {"code": code_of(slug), "user": user.pk, "staff": user.is_staff})
        row = cursor.fetchone()
    if row is None:
        raise Http404(_("There is no door here: nobody registers for this event on this site."))
    pk, status, starts_at, ends_at, organisation, series, may = row
    event = Event(
        pk=pk,
        status=status,
        starts_at=starts_at,
        ends_at=ends_at,
        organisation_id=organisation,
        series_id=series,
    )
    return Desk(pk=pk, event=event), may
