"""What a clone brings itself where production is told by its environment: `.env`, services, a secret key."""

import os
import secrets
from pathlib import Path

from eventmate.services import ServiceError, hold

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ROOT / "var" / "services"


def read_env_file(path: Path) -> None:
    """Set what a file of NAME=VALUE lines says, except where the environment already says something.

    The form is systemd's EnvironmentFile, which production reads the same file with: # begins a comment line, quotes
    around a whole value are dropped. No file is no mistake.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        name, is_one, value = line.strip().partition("=")
        if is_one and not name.startswith("#"):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            os.environ.setdefault(name.strip(), value)


def settle_secret_key() -> None:
    """Give this clone a secret key of its own, made once, unless the environment has one."""
    if os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE"):
        return
    path = ROOT / "var" / "secret-key"
    if not path.exists():
        new = path.with_name(f"secret-key.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(new, path)  # unlike a rename, this lets the first of two win
        except FileExistsError:
            pass
        finally:
            new.unlink()
    os.environ["SECRET_KEY_FILE"] = str(path)


def settle() -> None:
    """For manage.py: where `make run` has been, use what it uses, and start it if it is not running.

    Elsewhere, as in production, this does nothing but read `.env`. The services stay until the process ends.
    Exits with a sentence where they do not start.
    """
    read_env_file(ROOT / ".env")
    if not SERVICES.is_dir():
        return
    settle_secret_key()
    try:
        os.environ.update(hold(SERVICES).urls)
    except ServiceError as error:
        raise SystemExit(str(error)) from None
