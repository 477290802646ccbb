"""Compressed bodies: chosen once per request, made once per kept page."""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli

# Smaller bodies gain nothing; the headers are larger than they are.
LEAST_BYTES = 200
# Each page has these variants, best first; the cache in front knows the same three.
ENCODINGS = ("br", "gzip", "")
_COMPRESSIBLE = (
    "text/",
    "application/json",
    "application/ld+json",
    "application/xml",
    "application/atom+xml",
)


@lru_cache(maxsize=512)
def wanted_encoding(accept: str) -> str:
    """Return the best of "br", "gzip" and "" (plain) for an Accept-Encoding header: three variants, never more."""
    offers = {}
    for part in accept.lower().split(","):
        name, _, parameter = part.partition(";")
        weight = parameter.strip().removeprefix("q=")
        offers[name.strip()] = weight.rstrip("0") not in {"0.", ""} if weight else True
    return next((name for name in ENCODINGS if name and offers.get(name)), "")


def is_compressible(content_type: str) -> bool:
    """Return whether bodies of this type are text, which shrinks; pictures are compressed already."""
    return content_type.startswith(_COMPRESSIBLE)


def compressed(body: bytes, encoding: str) -> bytes:
    """Return the body in an encoding of `wanted_encoding`; the same bytes for the same body, always.

    Levels are where a page of 14 kB stops shrinking for the time it costs (about 0.3 ms).
    """
    if encoding == "br":
        return bytes(brotli.compress(body, quality=5, mode=brotli.MODE_TEXT))
    if encoding == "gzip":
        # mtime=0: the same page must not become new bytes each second
        return gzip.compress(body, compresslevel=6, mtime=0)
    return body
