"""What a device sends, read strictly: what makes no sense is refused whole, with a sentence, and nothing of it is kept."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from myapp.checkin.merging import MOST_AT_ONCE, Seen
from myapp.checkin.models import Direction, How

_LONGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Report:
    """What a device has seen: `ahead` is by how much its clock was before ours when it sent this."""

    device: str
    door: str
    ahead: dt.timedelta
    unsent: int
    seen: list[Seen]


@dataclass(frozen=True, slots=True)
class Asked:
    """One scan of a device that has a network: the text it read, or a place it found in its list."""

    nonce: UUID
    direction: Direction
    how: How
    door: str
    device: str
    text: str
    registration: int
    place: int


def read_report(body: bytes, *, now: dt.datetime) -> Report:
    """Return what a device reports. Raises `BadRequest`."""
    given = _object(body)
    try:
        seen = [_seen(each) for each in _list(given["scans"], MOST_AT_ONCE)]
        return Report(
            device=_text(given["device"], 36),
            door=_text(given["door"], 40),
            ahead=_moment(given["sent_at"]) - now,
            unsent=_number(given["unsent"], 2**31 - 1),
            seen=seen,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _refused() from error


def read_asked(body: bytes) -> Asked:
    """Return the one scan that a device asks about. Raises `BadRequest`."""
    given = _object(body)
    try:
        return Asked(
            nonce=UUID(given["nonce"]),
            direction=Direction(given["direction"]),
            how=How(given["how"]),
            door=_text(given["door"], 40),
            device=_text(given["device"], 36),
            text=_text(given.get("text", ""), 200),
            registration=_number(given.get("registration", 0), 2**63 - 1),
            place=_number(given.get("place", 0), 32_767),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refused() from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body) if len(body) <= _LONGEST else None
    except (ValueError, RecursionError) as error:
        raise _refused() from error
    if not isinstance(given, dict):
        raise _refused()
    return given


def _seen(given: dict[str, Any]) -> Seen:
    rotation, undone_at = given.get("rotation"), given.get("undone_at")
    return Seen(
        nonce=UUID(_text(given["nonce"], 36)),
        registration=_number(given["registration"], 2**63 - 1),
        place=_number(given["place"], 32_767),
        direction=Direction(given["direction"]),
        at=_moment(given["at"]),
        how=How(given["how"]),
        rotation=None if rotation is None else _number(rotation, 2**31 - 1),
        undone_at=None if undone_at is None else _moment(undone_at),
    )


def _moment(milliseconds: object) -> dt.datetime:
    """A device's clock may say anything; whatever a date can hold is corrected later."""
    number = _number(milliseconds, 4_102_444_800_000)  # the year 2100
    return dt.datetime.fromtimestamp(number / 1000, dt.UTC)


def _list(value: object, longest: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > longest:
        raise ValueError(value)
    return value


def _number(value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(value)
    return value


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise ValueError(value)
    value.encode()  # half of a pair of surrogates is no text, and cannot be kept
    return value


def _refused() -> BadRequest:
    return BadRequest(_("This device sent something that makes no sense here. Load its page anew."))
