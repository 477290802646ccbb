"""Kinds that would fail later are found at the start."""

from __future__ import annotations

import pytest

from myapp.notify import kinds
from myapp.notify.checks import check_kinds, check_push_key


def none(_message):
    return None


def test_fine_kinds_are_fine(register):
    register("place_confirmed")
    assert check_kinds(None) == []


@pytest.mark.parametrize("name", ["", "Place", "place confirmed", "x" * 41, "1st"])
def test_a_name_the_outbox_cannot_hold_is_found(name):
    kinds.register(name, none)
    assert [problem.id for problem in check_kinds(None)] == ["eventmate.E401"]


def test_what_does_not_take_a_message_is_found():
    kinds.register("place", lambda: None)  # type: ignore[arg-type,misc]
    assert [problem.id for problem in check_kinds(None)] == ["eventmate.E402"]


def test_two_kinds_cannot_share_a_name():
    kinds.register("place", none)
    kinds.register("place", none)  # an app that is made ready twice
    with pytest.raises(ValueError, match="place"):
        kinds.register("place", lambda _message: None)


@pytest.mark.parametrize(
    "content", [None, "", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_a_push_key_that_is_none_is_found(settings, tmp_path, content):
    settings.VAPID_PRIVATE_KEY_FILE = str(tmp_path / "key.pem")
    if content is not None:
        (tmp_path / "key.pem").write_text(content)
    assert [problem.id for problem in check_push_key(None)] == ["eventmate.E403"]
