"""The log of a desk as a file that anybody can keep and check: its lines, and the head of its chain with our signature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from myapp.registrations import signing
from myapp.registrations.log import line
from myapp.registrations.models import Desk, LogEntry
from myapp.registrations.verification import NotReadable, wrong_with_log

FORMAT = "EventMate log 1"


@dataclass(frozen=True)
class Head:
    """The end of a log: how long it is, its last digest, and our signature over both."""

    event: str
    size: int
    digest: str

    @property
    def statement(self) -> str:
        """What is signed, as text in UTF-8."""
        return f"{FORMAT}|{self.event}|{self.size}|{self.digest}"

    @property
    def signature(self) -> str:
        """Our Ed25519 signature, in base64url."""
        return signing.encoded(signing.sign(self.statement.encode()))


def head_of(desk: Desk) -> Head:
    """Return the head of a desk's log; reads `event`."""
    return Head(desk.event.code, desk.log_size, desk.log_head)


def text_of(desk: Desk) -> str:
    """Return the log as a file; reads `event` and `types`, and one query for the lines, all of one moment.

    Lines that came after the desk was read are left out, so that the head is that of the last line.
    """
    head = head_of(desk)
    entries = LogEntry.objects.filter(desk=desk, number__lte=head.size).order_by("number")
    told = [
        f"# {FORMAT}",
        f"# event {head.event}",
        f"# lines {head.size}",
        f"# head {head.digest}",
        f"# signature {head.signature}",
        f"# key {signing.public_keys()[0]}",
        *(f"# ticket type {kind.pk}: {' '.join(kind.name.split())}" for kind in desk.types.all()),
        *(f"{line(entry)}|{entry.digest}" for entry in entries.iterator()),
    ]
    return "\n".join(told) + "\n"


def wrong_with_file(text: str, *, ours: bool = False) -> Iterator[str]:
    """Yield what is wrong with such a file; `ours` where the signature must be of this site. Raises `NotReadable`."""
    heads = dict(row[2:].partition(" ")[::2] for row in text.splitlines() if row.startswith("# "))
    lines = [row for row in text.splitlines() if row and not row.startswith("#")]
    if not text.startswith(f"# {FORMAT}\n"):
        raise NotReadable("This is not a log as EventMate publishes it.")
    yield from wrong_with_log(lines)
    last = lines[-1].rpartition("|")[2] if lines else ""
    if (heads.get("lines"), heads.get("head", "")) != (str(len(lines)), last):
        yield f"The file ends at line {len(lines)}, which is not where its head says."
    statement = f"{FORMAT}|{heads.get('event')}|{heads.get('lines')}|{heads.get('head', '')}".encode()
    if not _is_signed(statement, heads, ours=ours):
        yield (
            "The head is not signed by the key that it names."
            if not ours
            else "The head is not signed by this site."
        )


def _is_signed(statement: bytes, heads: dict[str, str], *, ours: bool) -> bool:
    try:
        signature = signing.decoded(heads.get("signature", ""))
        if ours:
            return signing.is_signed(statement, signature)
        Ed25519PublicKey.from_public_bytes(signing.decoded(heads.get("key", ""))).verify(signature, statement)
    except (ValueError, InvalidSignature):
        return False
    return True
