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
