"""The rehearsal itself: what it says when something does not hold."""

import subprocess
import sys

from eventmate.services.holding import ROOT

FAILING = """
import sys
sys.path.insert(0, "deploy/rehearse")
import breaking, machine, rehearse, visitors

def show(command):
    print("journal\\n" * 100)
    raise OSError("the machine is full")

machine.show = show
crowd = visitors.Crowd()
crowd.asked["all"] = 9
crowd.failed += ["/ after 0.10 s: 502", "/accounts/login/ after 0.20 s: 503"]
try:
    crowd.must_all_be_answered()
except machine.Lie as lie:
    rehearse.tell_why(breaking.stop_redis, lie)
"""


def test_the_end_of_what_a_failed_rehearsal_prints_says_what_failed():
    done = subprocess.run(
        [sys.executable, "-B", "-c", FAILING], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == lines[0]
    assert lines[0].startswith("LIE   Redis stops:")
    assert lines[-1].endswith("(breaking.stop_redis)")
    assert [line.strip() for line in lines[-4:-1]] == [
        "2 of 9 requests failed, the slowest took 0.0 s",
        "/ after 0.10 s: 502",
        "/accounts/login/ after 0.20 s: 503",
    ]


DOCUMENTED = """
import sys
sys.path.insert(0, "deploy/rehearse")
import manual, restoring
print("\\n".join(restoring.documented("20270101T000000Z")))
print("---")
print("\\n".join(manual.commands("backups.md", "Sealing", "age-keygen")))
"""


def test_what_is_rehearsed_of_restoring_is_what_the_manual_says():
    """Line by line; only the backup has another name."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", DOCUMENTED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    restoring, _, sealing = done.stdout.partition("---\n")
    manual = (ROOT / "docs" / "backups.md").read_text()
    section = manual.partition("## Restoring onto a new machine\n")[2]
    said = [line.strip() for line in section.partition("\n    rsync")[2].partition("\n\n")[0].splitlines()]
    rehearsed = restoring.splitlines()
    assert len(rehearsed) == len(said) > 5
    assert [line.replace("20270101T000000Z", "20261121T031744Z") for line in rehearsed[1:]] == said[1:]
    assert any(
        line.startswith("eventmate restore /var/backups/eventmate/20270101T000000Z --identity ")
        for line in rehearsed
    )
    assert all(f"    {line}" in manual for line in sealing.splitlines())
