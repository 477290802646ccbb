"""The kinds of messages there are. The rooms that know what happened say how it is told.

    kinds.register("registration_confirmed", confirmed, group=Group.PLACES)

    def confirmed(message: Message) -> Mail | None:
        registration = Registration.objects.filter(pk=message.about["registration"]).first()
        if registration is None or registration.state != State.CONFIRMED:
            return None
        return Mail(_("You have a place"), "registrations/mail/confirmed.html", {"registration": registration}, link=…)

A room registers in the `ready` of its AppConfig. A message is written when it is sent, not when it is put in the outbox:
in the reader's language, by what is true at that moment; None says that it is not true any more, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from myapp.notify.models import Group, Message


class Attachment(NamedTuple):
    """A file that goes with a mail."""

    filename: str
    content: str | bytes
    mimetype: str


@dataclass(frozen=True)
class Mail:
    """What a message says.

    `template` extends `layout` and fills the blocks `opening`, `details` and `closing`; its words become a text and a page
    (templates/emails/). `link` is the path of the one thing to press, as `reverse` gives it. `short` is what a push says
    under the subject. `headers` are for what calendars want to know; ours are added.
    """

    subject: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    short: str = ""


Render = Callable[[Message], Mail | None]


@dataclass(frozen=True)
class Kind:
    """A kind of message: how it is written, what it belongs to, and whether people can do without it."""

    name: str
    render: Render
    group: Group
    essential: bool
    push: bool


_register: dict[str, Kind] = {}


def register(
    name: str, render: Render, *, group: Group = Group.PLACES, essential: bool = False, push: bool = False
) -> Kind:
    """Make a kind known, and return it; a name that is taken by another is a mistake and raises `ValueError`.

    `essential`: sent by mail whatever somebody has switched off, for what costs them their place if they do not hear of
    it. `push`: also to the devices on which the person has switched that on.
    """
    kind = Kind(name, render, Group(group), essential, push)
    known = _register.setdefault(name, kind)
    if known.render is not render:
        raise ValueError(f"Two kinds of messages are called {name!r}.")
    _register[name] = kind
    return kind


def find(name: str) -> Kind | None:
    """Return a kind by its name, None for one that this version of the site does not know."""
    return _register.get(name)


def every_kind() -> list[Kind]:
    """Return all kinds, in the order of their names."""
    return sorted(_register.values(), key=lambda kind: kind.name)
