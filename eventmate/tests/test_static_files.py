"""Static files of releases that stand side by side."""

from pathlib import Path

from eventmate.static_files import HashedStaticFiles


def collect(settings, release: Path, text: str) -> HashedStaticFiles:
    settings.BASE_DIR = release
    source = release / "source"
    source.mkdir(parents=True)
    (source / "site.css").write_text(text)
    storage = HashedStaticFiles(location=release.parent.parent / "static", base_url="/static/")
    with (source / "site.css").open("rb") as file:
        storage.save("site.css", file) if not storage.exists("site.css") else Path(
            storage.path("site.css")
        ).write_text(text)
    list(storage.post_process({"site.css": (storage, "site.css")}))
    return HashedStaticFiles(location=storage.location, base_url="/static/")


def test_two_releases_share_the_files_and_not_the_list(settings, tmp_path):
    old = collect(settings, tmp_path / "releases" / "1", "a {}")
    old_address = old.url("site.css")
    new = collect(settings, tmp_path / "releases" / "2", "b {}")
    assert new.url("site.css") != old_address
    settings.BASE_DIR = tmp_path / "releases" / "1"
    again = HashedStaticFiles(location=old.location, base_url="/static/")  # as the old one starts anew
    assert again.url("site.css") == old_address
    assert Path(again.path(old_address.removeprefix("/static/"))).read_text() == "a {}"
    assert sorted(path.name for path in Path(old.location).glob("*.json")) == [
        "staticfiles-1.json",
        "staticfiles-2.json",
    ]


def test_what_pages_name_is_compressed_and_what_nobody_asks_for_is_not(settings, tmp_path):
    storage = collect(settings, tmp_path / "releases" / "1", "a { color: black }\n" * 50)
    named = storage.url("site.css").removeprefix("/static/")
    assert sorted(path.name for path in Path(storage.location).glob("*.css*")) == sorted(
        [named, f"{named}.br", f"{named}.gz", "site.css"]
    )


def test_elsewhere_the_list_has_its_usual_name(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    assert HashedStaticFiles(location=tmp_path, base_url="/static/").manifest_name == "staticfiles.json"
