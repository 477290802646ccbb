"""What a clone brings itself: `.env`, a secret key, a port that is free, static files that are fresh."""

import os
import socket
import stat
from pathlib import Path

import pytest

from eventmate import clone, first_run, static_files


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clone, "ROOT", tmp_path)
    monkeypatch.setattr(clone, "SERVICES", tmp_path / "var" / "services")
    (tmp_path / "var").mkdir()
    for name in ("SECRET_KEY", "SECRET_KEY_FILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path


def test_env_file_sets_what_is_not_set(tmp_path, monkeypatch):
    for name in ("EM_A", "EM_B", "EM_C", "EM_D"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("EM_TAKEN", "from outside")
    (tmp_path / ".env").write_text(
        "# a comment\n#EM_D=no\n\nEM_A=two words, unquoted\nEM_B='in quotes'\nEM_C=a=b # c\nEM_TAKEN=inside\nnonsense\n"
    )
    clone.read_env_file(tmp_path / ".env")
    assert [os.environ.get(name) for name in ("EM_A", "EM_B", "EM_C", "EM_D", "EM_TAKEN")] == [
        "two words, unquoted",
        "in quotes",
        "a=b # c",
        None,
        "from outside",
    ]


def test_no_env_file_is_no_mistake(tmp_path):
    clone.read_env_file(tmp_path / ".env")


def test_secret_key_is_made_once_and_for_its_owner_only(root):
    clone.settle_secret_key()
    path = Path(os.environ.pop("SECRET_KEY_FILE"))
    key = path.read_text()
    clone.settle_secret_key()
    assert path == root / "var" / "secret-key"
    assert len(key) > 50
    assert Path(os.environ["SECRET_KEY_FILE"]).read_text() == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret-key"]


def test_a_secret_key_from_outside_is_kept(root, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "mine")
    clone.settle_secret_key()
    assert "SECRET_KEY_FILE" not in os.environ
    assert not (root / "var" / "secret-key").exists()


def test_manage_starts_nothing_where_make_run_has_not_been(root, monkeypatch):
    monkeypatch.setattr(clone, "hold", lambda *_: pytest.fail("production must not get a database by itself"))
    clone.settle()
    assert "SECRET_KEY_FILE" not in os.environ


@pytest.mark.parametrize("value", ["x", "0", "65536", "-1", "8000 ", "٨"])
def test_a_port_that_is_none_is_refused_with_a_sentence(monkeypatch, value):
    monkeypatch.setenv("PORT", value)
    with pytest.raises(SystemExit, match="PORT must be a number from 1 to 65535"):
        first_run.read_port()


def test_a_taken_port_is_said():
    with socket.socket() as other:
        other.bind((first_run.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} is taken by another program"):
            first_run.listen(port)


def test_static_files_are_collected_when_one_has_changed(tmp_path, settings):
    source = tmp_path / "source"
    (source / "css").mkdir(parents=True)
    (source / "css" / "a.css").write_text("body { color: red }\n" * 100)
    (source / "css" / "b.css").write_text("body { color: blue }\n" * 100)
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "var" / "static"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "eventmate.static_files.HashedStaticFiles"},
    }
    assert static_files.refresh()
    assert not static_files.refresh()
    made = {
        path.name: path.stat().st_mtime_ns
        for path in (tmp_path / "var" / "static" / "css").glob(f"?.{12 * '?'}.css.br")
    }

    (source / "css" / "a.css").write_text("body { color: green }\n" * 100)
    assert static_files.refresh()
    after = {
        path.name: path.stat().st_mtime_ns
        for path in (tmp_path / "var" / "static" / "css").glob(f"?.{12 * '?'}.css.br")
    }
    assert made.items() < after.items(), "what did not change is not compressed again"
    assert {name[0] for name in after.keys() - made.keys()} == {"a"}
