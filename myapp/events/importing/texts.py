"""Texts of a feed as our fields want them: one line, of a length, addresses that are addresses."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from myapp.events.importing.encodings import strip_controls

TITLE = 200
PLACE = 300
TAG = 60
TAGS = 20
URL = 1000
UID = 500
DESCRIPTION = 50_000

_SPACE = re.compile(r"\s+")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)(?![A-Za-z0-9])")
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\|^`{}]+", re.IGNORECASE)
_MEETING = re.compile(
    r"https?://(?:[\w-]+\.)*(?:zoom\.us|zoom\.com|teams\.microsoft\.com|teams\.live\.com|meet\.google\.com|webex\.com"
    r"|meet\.jit\.si|whereby\.com|gotomeeting\.com|bigbluebutton\.org)(?:/[^\s<>\"'\\)\]]*)?",
    re.IGNORECASE,
)
_ONLINE = re.compile(
    r"(?:fully |held )?(?:online|virtual(?:ly)?|remote|en ligne|webinar|zoom|microsoft teams|ms teams|teams|google meet"
    r"|webex|discord|twitch|youtube)"
    r"(?:\s*(?:event|only|meeting|session|conference|livestream|\(.*\)|https?://\S+))?",
    re.IGNORECASE,
)


def one_line(text: str, length: int) -> str:
    """Return the text on one line, its spaces made single, cut at ``length`` with an ellipsis."""
    line = _SPACE.sub(" ", strip_controls(text)).strip()
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def address(text: str) -> str:
    """Return the text if it is a web address we can store and link to, else nothing."""
    text = text.strip()
    if len(text) > URL or not _ADDRESS.fullmatch(text):
        return ""
    try:
        return text if urlsplit(text).hostname else ""
    except ValueError:
        return ""


def language(text: str) -> str:
    """Return the first language of a list as a short code, lower case before the dash, or nothing."""
    found = _LANGUAGE.match(text)
    if found is None:
        return ""
    base, dash, region = found[1].partition("-")
    return f"{base.lower()}{dash}{region}"


def tags(parts: list[str]) -> list[str]:
    """Return tags as they were written, each once whatever its case, without empty or over-long ones."""
    seen: dict[str, str] = {}
    for part in parts:
        tag = one_line(part, 200)
        if tag and len(tag) <= TAG:
            seen.setdefault(tag.casefold(), tag)
    return list(seen.values())[:TAGS]


def meeting_address(*texts: str) -> str:
    """Return the address of an online meeting found in the texts, or nothing."""
    for text in texts:
        if "//" in text and (found := _MEETING.search(text)):
            return address(found[0].rstrip(".,;"))
    return ""


def is_online(place: str) -> bool:
    """Whether a place is no place but the net."""
    return bool(_ONLINE.fullmatch(place.strip().strip(".")) or address(place))


def content_uid(*parts: object) -> str:
    """Return an identity made of what an event says, for one that has none: the same content, the same identity."""
    digest = hashlib.blake2b(
        "\x1f".join(str(part) for part in parts).encode("utf-8", "replace"), digest_size=16
    )
    return f"content-{digest.hexdigest()}"


def stored_uid(uid: str) -> str:
    """Return a UID that fits its column; an over-long one is told apart by its hash."""
    return uid if len(uid) <= UID else f"{uid[: UID - 40]}#{content_uid(uid)[-32:]}"
