"""The whole of `make run` behind its environment: a fresh copy, from nothing to a page, a change, and nothing left."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventmate.services.holding import ROOT

COMMAND = [
    sys.executable,
    "-m",
    "eventmate.services",
    "--env-file",
    ".env",
    sys.executable,
    "-m",
    "eventmate.first_run",
]


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """The product's files in a folder with a space in its name; afterwards nothing of it runs."""
    place = tmp_path / "a copy"
    place.mkdir()
    for name in ("eventmate", "health", "myapp", "static", "templates", "locale"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for name in ("gunicorn_config.py", "manage.py"):
        shutil.copy(ROOT / name, place)
    yield place
    if sys.platform == "linux":
        commands = (entry / "cmdline" for entry in Path("/proc").glob("[0-9]*"))
        assert not [each for each in commands if each.exists() and os.fsencode(place) in each.read_bytes()]


class Site:
    """A `make run` of a copy."""

    def __init__(self, place: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        foreign = {
            "DATABASE_URL",
            "REDIS_URL",
            "SECRET_KEY",
            "SECRET_KEY_FILE",
            "DATA_DIR",
            "PYTEST_CURRENT_TEST",
        }
        environment = {name: value for name, value in os.environ.items() if name not in foreign}
        self.said = (
            place.parent / f"said-{self.port}"
        )  # a pipe that nobody reads holds up who has much to say
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                COMMAND,
                cwd=place,
                env=environment | {"PORT": str(self.port)},
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def page(self, path: str = "/") -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return error.read().decode()
        except OSError:
            return ""

    def wait_for(self, seen: Callable[[str], object], path: str = "/") -> str:
        deadline = time.monotonic() + 120
        while not seen(page := self.page(path)):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.process.kill()
                self.process.wait()
                pytest.fail(f"It never came; the site said:\n{self.said.read_text()[-3000:]}")
            time.sleep(0.1)
        return page

    def stop(self) -> str:
        """Press Ctrl-C, and return all that was printed."""
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(60) == 0
        return self.said.read_text()


def test_from_nothing_to_a_page_to_a_change_to_nothing(copy: Path):
    site = Site(copy)
    page = site.wait_for(lambda page: "</html>" in page)
    assert len(re.findall(r'href="/events/[\w-]+/"', page)) > 5, "the campus is alive"

    base = copy / "templates" / "base.html"
    usual = base.read_text()
    base.write_text(usual.replace("</body>", "<p>zebra</p></body>"))
    site.wait_for(lambda page: "<p>zebra</p>" in page)

    urls = copy / "eventmate" / "urls.py"
    right = urls.read_text()
    urls.write_text("import no_such_module\n" + right)
    site.wait_for(lambda page: "No module named 'no_such_module'" in page)
    urls.write_text(right)
    site.wait_for(lambda page: "<p>zebra</p>" in page)

    old = re.search(r"/static/css/([\w-]+)\.\w{12}\.css", page)
    assert old
    with (copy / "static" / "css" / f"{old[1]}.css").open("a") as file:
        file.write("\n.zebra { color: black }\n")
    site.wait_for(lambda page: "</html>" in page and old[0] not in page)

    said = site.stop()
    assert f"EventMate is at http://127.0.0.1:{site.port}/" in said
    assert "campus-demo-2026" in said

    again = Site(copy)
    again.wait_for(lambda page: "<p>zebra</p>" in page)
    assert again.stop().splitlines() == [
        "",
        f"EventMate is at http://127.0.0.1:{again.port}/   (Ctrl-C ends it)",
        "Sign in as ada, omar, priya or rosa; the password is campus-demo-2026",
    ]
