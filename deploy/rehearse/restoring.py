"""Another machine takes the place of the first, by the very lines that stand in docs/backups.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

from machine import must, sh, wait_until
from manual import commands
from visitors import SOCKET, Person, ask

DEMO_PASSWORD = "campus-demo-2026"
PICTURE = Path("/var/lib/eventmate/media/rehearsed.png")
SHELL = Path("/root/ssh-that-goes-nowhere")
MOMENT = re.compile(r"\b\d{8}T\d{6}Z\b")
elsewhere: Path | None = None


def documented(newest: str) -> list[str]:
    """Return the lines of the manual, with the name of a backup that is there."""
    lines = commands("backups.md", "Restoring onto a new machine", "rsync")
    must(any(MOMENT.search(line) for line in lines), "the manual names no backup")
    return [MOMENT.sub(newest, line) for line in lines]


def restore() -> str:
    """The newest sealed backup of another machine is restored, and its people sign in here."""
    must(elsewhere, "no folder of what was kept elsewhere was named")
    kept = Path(str(elsewhere)).resolve()
    newest = max(path for path in (kept / "eventmate/backups").iterdir() if (path / "manifest.json").exists())
    must((newest / "database.dump.age").exists(), f"{newest} is not sealed")
    rows = json.loads((newest / "manifest.json").read_text())["rows"]["public.events_event"]
    # rsync asks its shell for the other machine; this one finds it in a folder.
    SHELL.write_text(f'#!/bin/sh\ncd {kept} && shift && exec "$@"\n')
    SHELL.chmod(0o755)
    lines = documented(newest.name)
    said = sh("\n".join([f"set -e; export RSYNC_RSH={SHELL}; cd {kept}", *lines]))
    must("is now as it was at" in said, said)
    wait_until(lambda: ask("/health/ready/", directly=SOCKET).status == 200, "ready again")
    events = int(sh("runuser -u postgres -- psql -qtAX -d eventmate -c 'SELECT count(*) FROM events_event'"))
    must(events == rows > 0, f"{events} events, {rows} in the backup")
    must('class="event"' in ask("/events/").body, "no events on the list")
    must((PICTURE.read_text(), PICTURE.owner()) == ("picture", "eventmate"), f"{PICTURE} is not the site's")
    must(not list(Path("/var/lib/eventmate").glob("*.key")), "the private key stayed on the server")
    Person().sign_in("ada", DEMO_PASSWORD)
    return f"{len(lines)} lines of the manual, {events} events, and ada signs in"
