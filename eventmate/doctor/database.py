"""PostgreSQL: whether it answers, is new enough, has the tables of this release and room for our connections; and what
its clock says to ours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from eventmate.doctor.findings import Finding, first_line
from eventmate.postgresql.room import LISTENING, OTHERS, fitting_pool_size, pool_size, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_VERSION = 15
CONNECT_SECONDS = 5
CLOCKS_APART = timedelta(seconds=5)


def examine_database() -> Iterator[Finding]:
    """Find all of that; two connections, five queries."""
    import psycopg

    parameters = connection.get_connection_params()
    parameters.pop("pool", None)  # it would wait, and then not say why
    try:
        with psycopg.connect(**parameters | {"connect_timeout": CONNECT_SECONDS}) as direct:
            version = direct.info.server_version // 10_000
            answers = direct.execute(
                "SELECT current_setting('max_connections')::int, clock_timestamp()"
            ).fetchone()
    except psycopg.Error as error:
        yield Finding(
            f"The database does not answer: {first_line(error)}.",
            "systemctl status postgresql@*, and DATABASE_URL in /etc/eventmate/env.",
        )
        yield from examine_clock(None)
        return
    if version < OLDEST_VERSION:
        yield Finding(f"PostgreSQL is version {version}.", f"EventMate needs {OLDEST_VERSION} or newer.")
    most, now = answers or (0, None)
    yield from _examine_connections(most)
    yield from examine_clock(now)
    yield from _examine_tables()


def _examine_connections(most: int) -> Iterator[Finding]:
    """Find more connections than PostgreSQL has: at the busiest hour some requests would fail."""
    if settings.DATABASES["default"].get("DISABLE_SERVER_SIDE_CURSORS"):
        return  # PgBouncer's clients queue there
    sharing, each = processes(), pool_size()
    wanted = sharing * (each + LISTENING) + OTHERS
    if wanted > most:
        fits = fitting_pool_size(most, sharing)
        lower = (
            f"write DATABASE_POOL_SIZE={fits} into /etc/eventmate/env"
            if fits < each
            else "lower WEB_CONCURRENCY"
        )
        yield Finding(
            f"PostgreSQL takes {most} connections; {sharing} workers with {each} each, one more to listen, and the rest may ask for {wanted}.",
            f"Set max_connections to {wanted} there, or {lower} here.",
        )


def _examine_tables() -> Iterator[Finding]:
    """Find migrations that are to be applied."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(f"{each.app_label} {each.name}" for each, _backwards in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        yield Finding(f"The database lacks what this release expects: {names}{more}.", "eventmate migrate")


def examine_clock(theirs: datetime | None) -> Iterator[Finding]:
    """Find a clock that differs from the database's or stands before the moment at which this release was installed.

    Events would be over too early or too late, and sessions and links in mails with them.
    """
    ours = datetime.now(UTC)
    remedy = (
        "apt-get install systemd-timesyncd, then timedatectl set-ntp true; timedatectl shows how it stands."
    )
    if theirs and abs(theirs - ours) > CLOCKS_APART:
        apart = (ours - theirs).total_seconds()
        yield Finding(
            f"The clock here is {abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} the database's.",
            f"One of the two is wrong. On both: {remedy}",
        )
    installed = datetime.fromtimestamp(Path(settings.BASE_DIR).stat().st_mtime, UTC)
    if installed - ours > timedelta(minutes=5):
        yield Finding(
            f"The clock says {ours:%Y-%m-%d %H:%M} UTC, but this release was installed at {installed:%Y-%m-%d %H:%M}.",
            remedy,
        )
