"""A program for test_hanging.py: a worker under gevent whose disk never answers. Prints what ready says, and how many
times other requests had their turn meanwhile.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import django  # noqa: E402
import gevent  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
django.setup()

from health import parts  # noqa: E402


def main(pipe: str) -> None:
    """Ask three times; opening a pipe that nobody writes to hangs in the kernel, as a disk would."""
    parts.PARTS = {"disk": parts.PARTS["disk"]}
    parts.os.statvfs = lambda _path: os.open(pipe, os.O_RDONLY)  # type: ignore[attr-defined, assignment]
    turns = 0

    def others() -> None:
        nonlocal turns
        while True:
            gevent.sleep(0.05)
            turns += 1

    gevent.spawn(others)
    began = time.monotonic()
    said = [parts.check_parts()["disk"].problem for _ in range(3)]
    print(json.dumps([said, time.monotonic() - began, turns]), flush=True)  # noqa: T201
    os._exit(0)  # the threads that hang would be waited for


main(sys.argv[1])
