"""Streams between programs and files, sealed by age to a public key where there is one."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from eventmate.backups.errors import BackupError, full_disk
from eventmate.backups.records import private_file

SUFFIX = ".age"
Command = list[str | Path]


def sealed(name: str, recipient: str) -> str:
    """Return the name under which a file is kept."""
    return f"{name}{SUFFIX}" if recipient else name


def pour(command: Command, environment: dict[str, str], path: Path, recipient: str) -> None:
    """Run a program and keep what it writes in a new file, sealed where `recipient` names a file of public keys.

    Raises `BackupError` with what went wrong.
    """
    with private_file(path) as file:
        if recipient:
            _pipe(command, _seal(recipient), environment, path.parent, stdout=file)
        else:
            _run(command, environment, path.parent, stdout=file)


def write(data: bytes, path: Path, recipient: str) -> None:
    """Keep some bytes in a new file, sealed in the same way; raises `BackupError`."""
    with private_file(path) as file:
        if recipient:
            done = subprocess.run(
                _seal(recipient), input=data, stdout=file, stderr=subprocess.PIPE, check=False
            )
            _expect(done.returncode, "age", done.stderr, path.parent)
        else:
            file.write(data)


def feed(command: Command, environment: dict[str, str], path: Path, identity: str) -> None:
    """Run a program on what a file holds, opened with the private key in the file `identity` where it is sealed.

    Raises `BackupError` with what went wrong.
    """
    if path.suffix == SUFFIX:
        _pipe(_unseal(path, identity), command, environment, path.parent)
        return
    with path.open("rb") as file:
        _run(command, environment, path.parent, stdin=file)


def _run(
    command: Command,
    environment: dict[str, str],
    folder: Path,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    _expect(done.returncode, command[0], done.stderr, folder)


def _pipe(
    first: Command,
    second: Command,
    environment: dict[str, str],
    folder: Path,
    stdout: IO[bytes] | None = None,
) -> None:
    """Run two programs, the first one's output being the second one's input; raise what the one at fault said."""
    with (
        subprocess.Popen(
            first, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as giving,
        subprocess.Popen(
            second,
            env=environment,
            stdin=giving.stdout,
            stdout=stdout or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as taking,
    ):
        if giving.stdout:
            giving.stdout.close()  # else the first would not notice that the second has ended
        complaint = taking.communicate()[1]
        other_complaint = giving.stderr.read() if giving.stderr else b""
    # A program that nobody listens to any more dies of it: then the listener knows why.
    if giving.returncode not in {0, -signal.SIGPIPE}:
        _expect(giving.returncode, first[0], other_complaint, folder)
    _expect(taking.returncode, second[0], complaint, folder)
    _expect(giving.returncode, first[0], other_complaint, folder)


def _expect(status: int, program: str | Path, complaint: bytes, folder: Path) -> None:
    """Raise the first line of what a program complained about, unless it ended well."""
    if status == 0:
        return
    said = complaint.decode(errors="replace").strip()
    if "No space left on device" in said or "Disk quota exceeded" in said:
        raise BackupError(full_disk(folder))
    name = Path(program).name
    why = said.partition("\n")[0].removeprefix(f"{name}: ").removeprefix("error: ") or f"exit status {status}"
    raise BackupError(f"{name} failed: {why.rstrip('.')}.")


def _seal(recipient: str) -> Command:
    return [_age(), "-R", _keys(recipient, "BACKUP_RECIPIENT")]


def _unseal(path: Path, identity: str) -> Command:
    if not identity:
        raise BackupError(
            f"{path} is sealed. Name the file of the private key by --identity FILE or BACKUP_IDENTITY."
        )
    return [_age(), "-d", "-i", _keys(identity, "BACKUP_IDENTITY"), path]


def _age() -> str:
    found = shutil.which("age")
    if not found:
        raise BackupError("age, which seals backups, is not installed (Debian: apt-get install age).")
    return found


def _keys(path: str, variable: str) -> str:
    try:
        with Path(path).open("rb"):
            return path
    except OSError as error:
        raise BackupError(f"{variable} names {path}, which cannot be read: {error.strerror}.") from error
