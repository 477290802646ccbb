"""How gunicorn serves EventMate, in production and under `make run`.

    gunicorn -c gunicorn_config.py

Every number has its reason beside it. systemd may bring the socket (LISTEN_FDS); then `bind` does not count.
"""

# Before anything else: a database connection that was made before the patch belongs to another "thread" after it, and
# every request fails (with preload_app, or when a plugin imports the application early).
from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402
import glob  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
from pathlib import Path  # noqa: E402

from gunicorn.arbiter import Arbiter  # noqa: E402
from gunicorn.workers.base import Worker  # noqa: E402

ROOT = Path(__file__).resolve().parent

wsgi_app = "eventmate.wsgi:application"
bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"  # Nginx is on the same machine
chdir = str(ROOT)

# Processes. One of them keeps one core busy; the one more is for a moment in which all others wait for the database.
workers = int(os.environ.get("WEB_CONCURRENCY") or 2 * (os.cpu_count() or 1) + 1)
worker_class = (
    "eventmate.stream_worker.StreamWorker"  # gevent's; an open stream costs it kilobytes, not a greenlet
)
# Requests under way in one worker; Nginx queues what is above, and a worker stays below 130 MB. Streams are not counted
# here: they are handed over once they have begun, and myapp/web/streams.py has a limit for them.
worker_connections = 1000
# Read once, before the fork: a start costs one import instead of one for each worker, systemd hears READY when the site
# is loaded and not before, a worker that died is replaced at once, and all share the memory of the code. HUP then brings
# new workers but no new code; an upgrade restarts, and its requests wait in the socket.
preload_app = True
max_requests = 20_000  # a slow leak in a library never gets to matter
max_requests_jitter = 2_000  # and the workers do not all begin anew at once
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - the heartbeat must not wait for a disk

# Seconds.
timeout = 30  # a worker whose loop is stuck this long is replaced; slow clients are not stuck
graceful_timeout = 30  # for requests under way when a worker is told to go; systemd's TimeoutStopSec is 35
keepalive = 75  # longer than Nginx keeps an idle connection (60), so that it is never us who close one in use

# Who may say for whom a request is and that it came by https: Nginx on this machine.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"

# What the journal gets. Nginx has the access log; writing a second one costs a tenth of a cached page.
errorlog = "-"
accesslog = os.environ.get("ACCESS_LOG") or None
loglevel = "info"
if os.environ.get("LOG_FORMAT", "").strip().lower() == "json":
    logger_class = "eventmate.gunicorn_logs.JsonLogger"

control_socket_disable = True  # its default path is one for all instances of a user


def on_starting(_server: Arbiter) -> None:
    """Before the first fork: count from nothing where workers count together."""
    from health import slots

    slots.empty()


def child_exit(_server: Arbiter, _worker: Worker) -> None:
    """When a worker has ended, however: forget what it said of its present. Its counters go on in the next one."""
    from health import slots

    slots.forget_the_dead()


def when_ready(_server: Arbiter) -> None:
    """Before the first fork: let go of what two processes cannot share, and settle what they can.

    A connection that an import made is one socket in every worker, and their answers mix.
    """
    from django.db import connections

    connections.close_all()
    for connection in connections.all(initialized_only=True):
        getattr(connection, "close_pool", lambda: None)()
    gc.collect()
    gc.freeze()  # the collector no longer writes into pages that the workers share


if os.environ.get("EVENTMATE_RELOAD") == "1":  # make run: a change is seen at the next request but one
    wsgi_app = "eventmate.wsgi_reloading:application"
    loglevel = "error"
    preload_app = False  # what is read once is not read again
    reload = True
    reload_engine = "poll"
    patterns = [
        "eventmate/**/*.py",
        "health/**/*.py",
        "myapp/**/*.py",
        "templates/**/*",
        "static/**/*",
        "locale/**/*.mo",
    ]
    reload_extra_files = [
        pattern
        for pattern in (f"{glob.escape(str(ROOT))}/{each}" for each in patterns)
        if glob.glob(pattern, recursive=True)  # noqa: PTH207 - what gunicorn will call
    ]
    graceful_timeout = 3  # an open event stream does not keep the old code alive

    def post_fork(_server: Arbiter, _worker: Worker) -> None:
        """Leave Ctrl-C to the master, who tells the workers: told twice, they print a traceback."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def post_worker_init(_worker: Worker) -> None:
        """Stop at once when told to: nobody waits here for a request to be finished in order."""
        for number in (signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(0))
