"""What goes wrong with backups, in a sentence."""

import errno
import shutil
from pathlib import Path


class BackupError(Exception):
    """A backup was not made or not restored; the text is a sentence for the operator."""


class DrillUnderWayError(BackupError):
    """Another restore drill uses the scratch database just now."""


def explain(error: OSError, folder: Path) -> str:
    """Return a sentence for what the disk answered."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return full_disk(folder)
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}."


def full_disk(folder: Path) -> str:
    """Return the sentence for a disk that has no room for a backup."""
    try:
        free = f"{shutil.disk_usage(folder).free / 1e6:.0f} MB were free once the attempt was cleared away"
    except OSError:
        free = "how much is free cannot be read"
    return f"There is no room left in {folder} ({free}). Make room, or set BACKUP_DIR to a larger disk."
