"""When an account is deleted: what is to come is given back, what has been stays as a number without a name."""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from myapp.accounts.models import User
from myapp.registrations.models import LIVE, Because, Desk, HandOn, Registration, State
from myapp.registrations.places import locked_desk, settle
from myapp.registrations.presence import has_come
from myapp.registrations.queue import fill


@transaction.atomic
def forget(user: User) -> None:
    """Give back what a person has at events to come, and take them out of everything that they have registered for.

    Their places and turns go to the next in line, but for the place of somebody who has come in already: it is used. Rows of
    the past and of who is in stay, as they are counted, without name, answers or guests' names. Five queries, three for
    each place to come, and those of each registration that is given back.
    """
    theirs = Registration.objects.filter(user=user)
    # All at once and in one order: two people who leave at the same time wait for each other, and not for ever.
    list(Desk.objects.select_for_update(no_key=True).filter(pk__in=theirs.values("desk")).order_by("pk"))
    now = timezone.now()
    # Who has a place at what has begun is there, or was expected: the door counts with them.
    to_come = Q(desk__event__starts_at__gt=now) | ~Q(state=State.CONFIRMED) & Q(desk__event__ends_at__gt=now)
    for registration in theirs.filter(to_come, state__in=LIVE).select_related("ticket_type").order_by("desk"):
        desk = locked_desk(registration.desk_id)
        if registration.state == State.CONFIRMED and has_come(registration):
            continue
        settle(registration, desk, State.CANCELLED, because=Because.ASKED)
        fill(desk)
    HandOn.objects.filter(giver=user, taken_at=None, withdrawn_at=None).update(withdrawn_at=now, email="")
    nameless = models.Func(
        F("guests"), template="array_fill(''::varchar, ARRAY[cardinality(%(expressions)s)])"
    )
    theirs.update(user=None, name="", email="", answers={}, guests=nameless)


@receiver(pre_delete, sender=User)
def follow(instance: User, **_: object) -> None:
    """Forget a person whose account is about to be deleted, in the same transaction."""
    forget(instance)
