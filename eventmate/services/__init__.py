"""PostgreSQL and Valkey for a first run, for development and for tests, with nothing to set up.

    python -m eventmate.services COMMAND…       run COMMAND with DATABASE_URL and REDIS_URL set

Each of the two is looked for in this order: the variable (`DATABASE_URL`, `REDIS_URL`), a server that is installed,
the server inside the wheels of `requirements-services.txt`. Production sets the variables and never comes here.

There are no pid files, because nothing that a `kill -9` leaves behind may be believed. What is true is told by locks
that the kernel drops with the process that holds them (`locks.py`):

    users.lock     shared by every process that uses the server; gunicorn's workers inherit it
    keeper.lock    held by the one keeper: a detached process that owns the server as its child (`keeper.py`)
    ready.lock     held by the keeper while the server answers
    starting.lock  held by the one user who is starting a keeper (`holding.py`)

The keeper restarts a server that died, and stops it when it gets users.lock for itself: when no user is left.
"""

from eventmate.services.errors import ServiceError
from eventmate.services.holding import Held, hold

__all__ = ["Held", "ServiceError", "hold"]
