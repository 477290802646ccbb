"""The keys that sign what is shown at the door: Ed25519, so that a door can verify and cannot make.

Each key follows from a secret of the settings (HKDF-SHA256 with words of its own), so there is no file to lose or to copy
between machines. The first signs; those of SECRET_KEY_FALLBACKS still verify, so that a changed secret voids no ticket.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Never changed: another word is another key, and every printed ticket is void.
_INFO = b"eventmate ticket signing key 1"
SIGNATURE_BYTES = 64


def sign(message: bytes) -> bytes:
    """Return the signature over some bytes, 64 of them; always the same for the same bytes and secret."""
    return _key(settings.SECRET_KEY).sign(message)


def is_signed(message: bytes, signature: bytes) -> bool:
    """Whether we have signed these bytes, with the secret of today or one that still counts."""
    return any(_verifies(secret, message, signature) for secret in _secrets())


def public_keys() -> list[str]:
    """Return the keys that verify, as base64url of 32 raw bytes each; the one that signs today comes first."""
    return [encoded(_public_key(secret).public_bytes_raw()) for secret in _secrets()]


def encoded(data: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return what `encoded` was given. Raises `ValueError` for any text that it does not return.

    Python's decoder skips characters it does not know and bits at the end that nothing uses: one token would have many
    spellings.
    """
    data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if encoded(data) != text:
        raise ValueError("not base64url as we write it")
    return data


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _verifies(secret: str, message: bytes, signature: bytes) -> bool:
    try:
        _public_key(secret).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=8)
def _key(secret: str) -> Ed25519PrivateKey:
    """Return the key that follows from a secret. 0.1 ms, so it is kept."""
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


@lru_cache(maxsize=8)
def _public_key(secret: str) -> Ed25519PublicKey:
    return _key(secret).public_key()
