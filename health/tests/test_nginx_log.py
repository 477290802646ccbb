"""Every line of Nginx's log is counted once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as project

from health import nginx_log
from health.nginx_log import count_statuses

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "cache.log"


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "memory.json"


def write(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def test_lines_are_counted_as_they_come(log: Path, memory: Path) -> None:
    write(log, "HIT\nMISS\nHIT\n")
    assert count_statuses(log, memory) == {"HIT": 2, "MISS": 1}
    assert count_statuses(log, memory) == {"HIT": 2, "MISS": 1}
    write(log, "STALE\n-\n")
    assert count_statuses(log, memory) == {"HIT": 2, "MISS": 1, "STALE": 1, "NONE": 1}


def test_half_a_line_waits_for_its_other_half(log: Path, memory: Path) -> None:
    write(log, "HIT\nUPDA")
    assert count_statuses(log, memory) == {"HIT": 1}
    write(log, "TING\n")
    assert count_statuses(log, memory) == {"HIT": 1, "UPDATING": 1}


def test_invented_words_make_no_metrics(log: Path, memory: Path) -> None:
    write(log, 'x\n"} 1\n\ud83c\n'.encode("utf-8", "replace").decode() + "HIT\n")

    assert count_statuses(log, memory) == {"OTHER": 3, "HIT": 1}


def test_a_log_that_was_put_aside_is_read_to_its_end(log: Path, memory: Path) -> None:
    write(log, "HIT\n")
    count_statuses(log, memory)
    write(log, "MISS\nMISS\n")
    log.rename(log.with_name("cache.log.1"))
    write(log, "STALE\n")

    assert count_statuses(log, memory) == {"HIT": 1, "MISS": 2, "STALE": 1}
    assert count_statuses(log, memory) == {"HIT": 1, "MISS": 2, "STALE": 1}


def test_a_log_that_was_put_aside_and_removed_is_left(log: Path, memory: Path) -> None:
    write(log, "HIT\n" * 3)
    count_statuses(log, memory)
    write(log.with_name("new"), "MISS\n")
    log.with_name("new").replace(log)

    assert count_statuses(log, memory) == {"HIT": 3, "MISS": 1}


def test_a_log_that_was_emptied_is_begun_anew(log: Path, memory: Path) -> None:
    write(log, "HIT\n" * 3)
    count_statuses(log, memory)
    log.write_text("MISS\n")

    assert count_statuses(log, memory) == {"HIT": 3, "MISS": 1}


@pytest.mark.parametrize("chunk", [1, 3, 7, 64])
def test_a_long_log_is_read_in_pieces(
    log: Path, memory: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(nginx_log, "CHUNK", chunk)
    monkeypatch.setattr(nginx_log, "MOST_BYTES", 100)
    write(log, "HIT\nEXPIRED\n" * 50)
    first = count_statuses(log, memory)
    log.rename(log.with_name("cache.log.1"))  # before it was read to its end
    write(log, "MISS\n")
    for _ in range(20):
        last = count_statuses(log, memory)

    assert sum(first.values()) < 40
    assert last == {"HIT": 50, "EXPIRED": 50, "MISS": 1}


def test_a_memory_that_was_spoilt_is_begun_anew(log: Path, memory: Path) -> None:
    write(log, "HIT\n")
    memory.write_text("{")

    assert count_statuses(log, memory) == {"HIT": 1}


def test_several_workers_count_a_growing_log_exactly(log: Path, memory: Path) -> None:
    log.touch()
    count_statuses(log, memory)
    reader = """
import pathlib, sys
from health.nginx_log import count_statuses
log, memory = map(pathlib.Path, sys.argv[1:])
while not log.with_name("stop").exists():
    count_statuses(log, memory)
"""
    command = [sys.executable, "-c", reader, str(log), str(memory)]
    readers = [subprocess.Popen(command, cwd=project.BASE_DIR) for _ in range(3)]
    written: Counter[str] = Counter()
    for number in range(1500):
        word = ("HIT", "MISS", "UPDATING")[number % 3]
        written[word] += 1
        write(log, f"{word}\n")
        if number in {500, 1000}:
            log.rename(log.with_name(f"cache.log.{number}"))
            write(log, "")
            count_statuses(log, memory)  # between two rotations somebody looks
    log.with_name("stop").touch()
    assert [reader.wait(60) for reader in readers] == [0, 0, 0]

    assert count_statuses(log, memory) == dict(written)
