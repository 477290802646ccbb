"""Codes: an event's identity in its address. Random, so that nobody can guess one they were not given."""

import secrets

# Crockford's base 32 (https://www.crockford.com/base32.html) in lower case: no i, l, o or u to misread.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10  # 50 bits: with a million events, one guess in a billion hits any


def new_code() -> str:
    """Return a fresh random code of ten characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def code_of(slug: str) -> str | None:
    """Return the code at the end of an event's slug, or None where there cannot be one."""
    code = slug.rpartition("-")[2].lower()
    return code if len(code) == LENGTH and not set(code) - set(ALPHABET) else None
