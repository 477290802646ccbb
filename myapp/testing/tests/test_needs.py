import pytest

from myapp.testing import needs


def test_what_is_missing_skips_with_a_sentence(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"needs the real input in .*no-such-folder"):
        needs.needs_shared_data("no-such-folder")


def test_on_ci_what_is_missing_fails(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs a flute"):
        needs.needs_program("a flute", "no-such-flute")


def test_what_is_there_is_returned():
    assert needs.needs_program("a shell", "no-such-shell", "sh").name == "sh"
