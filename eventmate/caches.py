"""Redis as a cache that may vanish at any moment: an accelerator, never a place where anything lives."""

import zlib
from typing import Any

from django_redis.cache import RedisCache
from django_redis.compressors.base import BaseCompressor
from redis.exceptions import RedisError


class ForgetfulRedis(RedisCache):
    """A Redis that is gone behaves like one that is empty.

    django-redis answers `add()` with nothing when the connection fails, which reads as "somebody else holds this key".
    allauth takes its locks that way: with Redis gone it would wait a second and then refuse every sign-in. And
    django-ratelimit refuses whom it cannot count.

    Its client stands behind a breaker (breaker.py), so that only the first to find Redis gone waits for it.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Store unless present; true where nothing could be asked, since nothing is there."""
        added = super().add(*args, **kwargs)
        return True if added is None else bool(added)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        """Give a key more time; false where it is not there. The one method of Django's that django-redis lets raise."""
        try:
            return bool(super().touch(*args, **kwargs))
        except RedisError:
            if not self._ignore_exceptions:
                raise
            return False


class CompressLarge(BaseCompressor):
    """Deflate what is large and does shrink: lists and plain pages, not pages that are compressed already.

    The fastest level: it makes a page a fifth, the next ones a sixth at twice the time.
    """

    LEAST_BYTES = 4096  # below, a round trip takes as long for the half of it
    SAMPLE = 1024
    _DEFLATED = b"\x78"  # how zlib begins; a pickle begins with another byte

    def compress(self, value: bytes) -> bytes:
        """Return the value as it is kept."""
        if len(value) < self.LEAST_BYTES:
            return value
        middle = len(value) // 2
        sample = value[middle : middle + self.SAMPLE]
        if len(zlib.compress(sample, 1)) > len(sample) * 0.9:
            return value
        return zlib.compress(value, 1)

    def decompress(self, value: bytes) -> bytes:
        """Return the value as it was given."""
        return zlib.decompress(value) if value[:1] == self._DEFLATED else value
