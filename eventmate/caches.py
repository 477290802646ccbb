"""Redis as a cache that may vanish."""

from typing import Any

from django_redis.cache import RedisCache


class ForgetfulRedis(RedisCache):
    """A Redis that is gone behaves like one that is empty.

    django-redis answers `add()` with nothing when the connection fails, which reads as "somebody else holds this key".
    allauth takes its locks that way: with Redis gone it would wait a second and then refuse every sign-in.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Store unless present; true where nothing could be asked, since nothing is there."""
        added = super().add(*args, **kwargs)
        return True if added is None else bool(added)
