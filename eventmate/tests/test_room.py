"""How many connections each process gets: all of them fit into PostgreSQL, whatever the machine."""

from __future__ import annotations

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from eventmate.postgresql import room


@pytest.mark.parametrize("cores", [1, 2, 4, 6, 8, 16, 21])
def test_all_of_a_machine_fit_into_what_debian_installs(cores: int):
    workers = 2 * cores + 1
    size = room.fitting_pool_size(100, workers)
    assert 2 <= size <= settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] == room.MOST
    assert workers * (size + room.LISTENING) + room.OTHERS <= 100 or size == room.LEAST
    assert (
        size == room.MOST or workers * (size + 1 + room.LISTENING) + room.OTHERS > 100
    )  # and no smaller than must be


def test_more_processes_than_connections_still_get_two_each():
    assert room.fitting_pool_size(60, 500) == 2


@pytest.mark.parametrize(
    ("units", "sharing"),
    [
        ("", 9),
        ("eventmate.service loaded active running EventMate", 9),
        ("eventmate@1.service loaded active running 1\neventmate@2.service loaded active running 2", 18),
    ],
    ids=["nothing runs yet", "one", "several instances"],
)
def test_each_instance_has_its_workers(monkeypatch, units: str, sharing: int):
    monkeypatch.setenv("WEB_CONCURRENCY", "9")
    monkeypatch.setattr(room, "ask", lambda *_words: units)
    assert room.processes() == sharing


@pytest.mark.django_db
def test_the_command_prints_the_number_alone(monkeypatch):
    monkeypatch.setattr(room, "ask", lambda *_words: "")
    monkeypatch.setenv(
        "WEB_CONCURRENCY", str((room.most_connections() - room.OTHERS) // (5 + room.LISTENING))
    )
    said = StringIO()
    call_command("pool_size", stdout=said)
    assert said.getvalue() == "5\n"
