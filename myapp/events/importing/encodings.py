"""Bytes of an unknown producer into text.

What a file says of its encoding is wrong often enough that only the bytes are believed: a byte order mark, then the
zeros of UTF-16, then UTF-8, and for what is no UTF-8 the Windows code page that nearly all of it turns out to be.
"""

from __future__ import annotations

import codecs
import re

from django.utils.translation import gettext as _

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BOM_OF_A_LINE = re.compile(rb"(\A|[\r\n])" + codecs.BOM_UTF8)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def normalise_line_ends(raw: bytes) -> bytes:
    """Return ``raw`` with every CRLF and bare CR as LF."""
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def decode(raw: bytes, *, unfold: bool = False) -> tuple[str, str]:
    """Return the text of ``raw`` and what had to be assumed, a sentence or nothing.

    With ``unfold``, iCalendar's continuation lines are joined before decoding, since producers fold in the middle of a
    multi-byte character. Line ends become LF, control characters go. Never fails: what no encoding explains becomes
    U+FFFD. Linear in the size of the input.
    """
    encoding = next((name for bom, name in _BOMS if raw.startswith(bom)), None)
    if encoding and encoding != "utf-8":
        text = raw.decode(encoding, errors="replace").lstrip("\ufeff")
        return _clean(_unfold_text(text) if unfold else text), ""
    if encoding is None and (guess := _looks_like_utf16(raw)):
        text = raw.decode(guess, errors="replace")
        return _clean(_unfold_text(text) if unfold else text), _("No byte order mark: read as UTF-16.")
    # A second file appended to a first brings its own mark along; it is no character of the text.
    raw = _BOM_OF_A_LINE.sub(rb"\1", raw)
    if unfold:
        raw = _unfold_bytes(raw)
    try:
        return _clean(raw.decode("utf-8")), ""
    except UnicodeDecodeError:
        return _clean(_decode_lines(raw)), _("Not UTF-8: lines that are not were read as Windows-1252.")


def strip_controls(text: str) -> str:
    """Return ``text`` without control characters and lone surrogates, which neither pages nor the database take."""
    return _UNPRINTABLE.sub("", text)


def _decode_lines(raw: bytes) -> str:
    """Decode line by line, so that one line of Latin-1 does not spoil the others."""
    lines = []
    for line in normalise_line_ends(raw).split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
    return "\n".join(lines)


def _looks_like_utf16(raw: bytes) -> str | None:
    """Return the byte order when every other byte of the beginning is zero."""
    head = raw[:200]
    if len(head) < 8:
        return None
    even, odd = head[::2], head[1::2]
    if odd.count(0) > 0.8 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.8 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def _unfold_bytes(raw: bytes) -> bytes:
    # Runs of line ends are made one first: a pattern that looks for a run *and* the blank behind it takes quadratic
    # time on a megabyte of empty lines.
    raw = re.sub(rb"\n{2,}", b"\n", normalise_line_ends(raw))
    return raw.replace(b"\n ", b"").replace(b"\n\t", b"")


def _unfold_text(text: str) -> str:
    text = re.sub(r"\n{2,}", "\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.replace("\n ", "").replace("\n\t", "")


def _clean(text: str) -> str:
    return strip_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
