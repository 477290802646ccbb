"""Texts that people wrote, made fit for formats stricter than HTML."""

import re

# What XML 1.0 (https://www.w3.org/TR/xml/#charsets) or iCalendar (RFC 5545, 3.1: CONTROL) cannot carry at all.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Return the text without the characters that XML and iCalendar cannot carry, its line breaks as "\\n"."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def shortened(text: str, longest: int) -> str:
    """Return the text, cut at a word and with an ellipsis where it has more than `longest` characters."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
