"""Another machine takes the place of the first, as docs/backups.md says."""

from __future__ import annotations

import json
from pathlib import Path

from machine import must, sh, wait_until
from visitors import SOCKET, Person, ask

BACKUPS = Path("/var/backups/eventmate")
DEMO_PASSWORD = "campus-demo-2026"
backups: Path | None = None


def restore() -> str:
    """The newest backup of another machine is restored, and its people sign in here."""
    must(backups, "no folder of backups was named")
    newest = max(path for path in Path(str(backups)).iterdir() if (path / "manifest.json").exists())
    rows = json.loads((newest / "manifest.json").read_text())["rows"]["public.events_event"]
    sh(f"cp -r {newest} {BACKUPS}/ && chown -R eventmate: {BACKUPS}")
    sh("systemctl stop 'eventmate*'")
    said = sh(f"eventmate restore {BACKUPS}/{newest.name}")
    must("is now as it was at" in said, said)
    sh("systemctl start eventmate.socket eventmate.service eventmate-worker.service")
    sh("systemctl start eventmate-backup.timer eventmate-restore-drill.timer eventmate-maintain.timer")
    wait_until(lambda: ask("/health/ready/", directly=SOCKET).status == 200, "ready again")
    events = int(sh("runuser -u postgres -- psql -qtAX -d eventmate -c 'SELECT count(*) FROM events_event'"))
    must(events == rows > 0, f"{events} events, {rows} in the backup")
    must('class="event"' in ask("/events/").body, "no events on the list")
    Person().sign_in("ada", DEMO_PASSWORD)
    return f"{events} events, and ada signs in"
