"""What can be asked of the outbox and of what people want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min, Q
from django.db.models.functions import Lower, Now

from myapp.notify.kinds import Kind
from myapp.notify.models import Device, Group, Message, Preference


@dataclass(frozen=True)
class Wishes:
    """What the people of some messages want, as it was when they were looked up."""

    of_people: dict[tuple[int, str], Preference]
    of_addresses: dict[tuple[str, str], Preference]
    devices_of: dict[int, list[Device]]

    def _for(self, message: Message, kind: Kind) -> Preference | None:
        group = kind.group.value
        of_person = self.of_people.get((message.user_id, group)) if message.user_id is not None else None
        # What somebody chose before they had an account holds until they choose again.
        return of_person or self.of_addresses.get((message.address.lower(), group))

    def mail(self, message: Message, kind: Kind) -> bool:
        """Whether a message may go out by mail; always, where it is essential."""
        wish = self._for(message, kind)
        return kind.essential or wish is None or wish.mail

    def devices(self, message: Message, kind: Kind) -> list[Device]:
        """Return the devices a message goes to; none where its kind, or the person, wants no push."""
        wish = self._for(message, kind)
        if not kind.push or message.user_id is None or (wish is not None and not wish.push):
            return []
        return self.devices_of.get(message.user_id, [])


def wishes_of(messages: Sequence[Message]) -> Wishes:
    """Return what the people of some messages want; two queries, one where none of them has an account."""
    people = {message.user_id for message in messages if message.user_id is not None}
    addresses = {message.address.lower() for message in messages}
    found = Preference.objects.alias(address=Lower("email")).filter(
        Q(user_id__in=people) | Q(user=None, address__in=addresses)
    )
    wishes = Wishes({}, {}, {})
    for each in found:
        if each.user_id is not None:
            wishes.of_people[each.user_id, each.group] = each
        else:
            wishes.of_addresses[each.email.lower(), each.group] = each
    for device in Device.objects.filter(user_id__in=people).order_by("pk") if people else ():
        wishes.devices_of.setdefault(device.user_id, []).append(device)
    return wishes


class Waiting(NamedTuple):
    """How the outbox is doing: how many messages are due and not sent, and since when the oldest has been."""

    messages: int
    oldest: datetime | None


def waiting() -> Waiting:
    """Return how many messages are due and unsent, under way ones too, and when the oldest was due; one query."""
    due = Message.objects.filter(sent_at=None, given_up_at=None, due_at__lte=Now())
    found = due.aggregate(messages=Count("pk"), oldest=Min("due_at"))
    return Waiting(found["messages"], found["oldest"])


def preferences_of(user_id: int) -> dict[str, Preference]:
    """Return what a person has chosen, by group; one query. A group that is missing is as it was."""
    chosen = {each.group: each for each in Preference.objects.filter(user_id=user_id)}
    return {
        group.value: chosen.get(group.value) or Preference(user_id=user_id, group=group.value)
        for group in Group
    }
