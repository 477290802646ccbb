"""python -m eventmate.first_run: what `make run` does once PostgreSQL and Valkey are up.

Takes the port, brings the database up to date, fills the demo campus the first time, starts a worker for the jobs, and becomes
gunicorn.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
from functools import partial

from eventmate import clone
from eventmate.services.account import follow_parent

HOST = "127.0.0.1"


def main() -> None:
    """Prepare the site and turn into the process that serves it."""
    port = read_port()
    listener = listen(port)
    settle_environment(port)
    is_new = prepare()
    address = os.environ["SITE_URL"]
    print(f"\nEventMate is at {address}/   (Ctrl-C ends it)", flush=True)
    if not is_new:  # then the demo campus has just named its accounts
        say_who_can_sign_in()
    start_worker()
    os.set_inheritable(listener.fileno(), True)
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn_config.py", "--bind", f"fd://{listener.fileno()}"],
    )


def read_port() -> int:
    """Return PORT, default 8000; exits with a sentence when it is no port."""
    value = os.environ.get("PORT") or "8000"
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {value!r}.")
    return int(value)


def listen(port: int) -> socket.socket:
    """Take the port now, so that nothing is done in vain; who comes early waits until the site answers."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except PermissionError:
        listener.close()
        sys.exit(f"Port {port} is not for ordinary users. Another one is: PORT=8001 make run")
    except OSError:
        listener.close()
        sys.exit(
            f"Port {port} is taken by another program. Another one may be free: PORT={port % 65535 + 1} make run"
        )
    return listener


def settle_environment(port: int) -> None:
    """Set what production would be told, where nobody has set it."""
    clone.settle_secret_key()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
    defaults = {
        "CAMPUS_NAME": "Brackwater University",  # where the demo campus lies
        "SITE_URL": f"http://{HOST}:{port}",
        "ALLOWED_HOSTS": "localhost",
        "WEB_CONCURRENCY": "1",
        "EVENTMATE_RELOAD": "1",
    }
    for name, value in defaults.items():
        if not os.environ.get(name):
            os.environ[name] = value


def prepare() -> bool:
    """Bring database, demo campus and static files up to date, and return whether the campus was made just now.

    A second start, on another port, waits its turn.
    """
    import django  # needs the environment

    django.setup()
    from eventmate.static_files import refresh

    with (clone.ROOT / "var" / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        migrate()
        is_new = fill_demo_campus()
        refresh()
    return is_new


def migrate() -> None:
    """Apply the migrations that are missing; says so when there are any."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        print(f"Bringing the database up to date ({len(missing)} migrations)", flush=True)
        call_command("migrate", interactive=False, verbosity=0)


def fill_demo_campus() -> bool:
    """Make the demo campus in a database that has no organisations; the command says how far it is."""
    from django.apps import apps
    from django.core.management import call_command

    if apps.get_model("events", "Organisation").objects.exists():
        return False
    call_command("demo")
    return True


def start_worker() -> None:
    """Start what production has a unit for: the jobs, such as mails, which here become files under var/mail.

    It ends with this process, whatever that has become by then. It does not read changed code anew; the next start does.
    """
    subprocess.Popen(
        [sys.executable, "-c", "from eventmate.first_run import do_jobs; do_jobs()"],
        cwd=clone.ROOT,
        stdin=subprocess.DEVNULL,
        # Ctrl-C reaches it as well, and it takes its leave; where its database has gone before it, that never ends.
        preexec_fn=partial(follow_parent, signal.SIGKILL),  # noqa: PLW1509 - no threads have been started
    )


def do_jobs() -> None:
    """Do jobs until told to stop: `manage.py procrastinate worker`, which would say so on the screen each time."""
    import django

    django.setup()
    from django.urls import get_resolver
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    _ = (
        get_resolver().url_patterns
    )  # now, or half a line saved by the first mail would break every one of them
    connector = app.connector
    assert isinstance(connector, DjangoConnector)  # noqa: S101 - for the type checker

    async def work() -> None:
        with app.replace_connector(connector.get_worker_connector()) as working:
            async with working.open_async():
                await working.run_worker_async(
                    concurrency=2, delete_jobs="successful", shutdown_graceful_timeout=2
                )

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(work())


def say_who_can_sign_in() -> None:
    """Name the accounts of the demo campus, where they are."""
    from django.contrib.auth import get_user_model

    from myapp.testing.people import CAST, PASSWORD

    names = [person.username for person in CAST]
    if get_user_model().objects.filter(username__in=names).count() == len(names):
        print(f"Sign in as {', '.join(names[:-1])} or {names[-1]}; the password is {PASSWORD}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
