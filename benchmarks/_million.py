"""A campus with a million events, in a database of its own: what the search is measured against.

100,000 of them are to come. Texts are some sixty words long, drawn from a vocabulary of 50,000 made-up words that
follow Zipf's law, so that the commonest stands in nearly every text and the rarest in a few. The same every time,
relative to the day it was made.
"""

import datetime as dt
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

EVENTS = 1_000_000
WORDS = 50_000
_DESCRIPTION_WORDS = 50
_ORGANISATIONS = 500
_BUILDINGS = 60
_UPCOMING_SHARE = 0.1
_CHUNK = 25_000
_NAME = "eventmate_million"
_COLUMNS = (
    *("code", "slug", "title", "summary", "description", "category", "tags", "language", "poster", "url"),
    *("starts_at", "ends_at", "all_day", "timezone", "organisation_id", "building_id", "place", "online"),
    *(
        "online_url",
        "status",
        "visibility",
        "cancel_reason",
        "created_at",
        "changed_at",
        "sequence",
        "fingerprint",
    ),
    *("uid", "description_html", "description_text", "organisation_name", "place_label", "keywords", "day"),
    *("starts_text", "ends_text", "is_upcoming", "is_near"),
)


def use() -> None:
    """Point Django at the database of a million, fill it where that has not been done, and set Django up."""
    url = os.environ["DATABASE_URL"]
    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME]).fetchone()
        if not known:
            connection.execute(f"CREATE DATABASE {_NAME}")
    # Not `_replace().geturl()`, which drops the empty host of postgresql:///name?host=/folder.
    os.environ["DATABASE_URL"] = url.replace(f"/{parts.path.lstrip('/')}", f"/{_NAME}", 1)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import django

    django.setup()
    _fill()


def vocabulary() -> list[str]:
    """Return the made-up words, commonest first."""
    chance = random.Random(1)
    onsets = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sh sl st t th tr v w y z".split()
    nuclei, codas = (
        "a e i o u ai ea ie oo ou".split(),
        ["", "", "", "n", "r", "s", "t", "l", "m", "nd", "ck", "st"],
    )
    words: dict[str, None] = {}
    while len(words) < WORDS:
        parts = chance.choices([2, 3, 4], [5, 4, 1])[0]
        word = "".join(
            chance.choice(onsets) + chance.choice(nuclei) + chance.choice(codas) for _ in range(parts)
        )
        words.setdefault(word)
    return list(words)


def _fill() -> None:
    """Migrate, and make the events where there are none yet."""
    from django.core.management import call_command
    from django.db import connection

    from myapp.events import vocabulary as known_words
    from myapp.events.models import Event

    call_command("migrate", verbosity=0, skip_checks=True)
    if Event.objects.exists():
        return
    started = time.monotonic()
    _make_places()
    with connection.schema_editor() as editor:
        for index in Event._meta.indexes:  # noqa: SLF001 - its documented API
            editor.remove_index(Event, index)
    # On a connection of its own each: the stemming of a million texts is what takes the time.
    connection.close()
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as workers:
        for done, _ in enumerate(workers.map(_copy, range(0, EVENTS, _CHUNK)), start=1):
            print(f"\r{done * _CHUNK:,} events, {time.monotonic() - started:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    with connection.schema_editor() as editor:
        editor.execute("SET maintenance_work_mem = '512MB'")
        for index in Event._meta.indexes:  # noqa: SLF001 - its documented API
            editor.add_index(Event, index)
    known_words.relearn()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    print(f"made in {time.monotonic() - started:.0f} s", file=sys.stderr)


def _make_places() -> None:
    from myapp.events.models import Organisation
    from myapp.venues.models import Building

    words = vocabulary()
    Organisation.objects.bulk_create(
        Organisation(name=f"{words[900 + n].title()} Society", slug=f"society-{n}")
        for n in range(_ORGANISATIONS)
    )
    Building.objects.bulk_create(
        Building(name=f"{words[2000 + n].title()} Hall", slug=f"hall-{n}") for n in range(_BUILDINGS)
    )


def _copy(first: int) -> None:
    """Make one chunk of events and send it to PostgreSQL."""
    from myapp.events.codes import new_code
    from myapp.events.models import Category
    from myapp.events.models.events import NEAR

    chance = random.Random(first)
    words = vocabulary()
    weights = list(accumulate(1 / rank for rank in range(1, WORDS + 1)))
    now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    names = {n: words[900 + n].title() for n in range(_ORGANISATIONS)}
    columns = ", ".join(_COLUMNS)
    copy = f"COPY events_event ({columns}) FROM STDIN"
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor().copy(copy) as rows:
        for _ in range(_CHUNK):
            drawn = chance.choices(words, cum_weights=weights, k=_DESCRIPTION_WORDS + 8)
            title = " ".join(drawn[: chance.randint(3, 6)]).capitalize()
            text = " ".join(drawn[8:])
            if chance.random() < _UPCOMING_SHARE:
                starts_at = now + dt.timedelta(minutes=15 * chance.randint(1, 120 * 96))
            else:
                starts_at = now - dt.timedelta(minutes=15 * chance.randint(12, 3 * 365 * 96))
            ends_at = starts_at + dt.timedelta(minutes=chance.choice([60, 90, 90, 120, 180, 480, 2880]))
            organisation, building = chance.randrange(_ORGANISATIONS), chance.randrange(_BUILDINGS)
            category, code = chance.choice(Category.values), new_code()
            tags = chance.sample(words[3000:3200], 2)
            name, place = f"{names[organisation]} Society", f"{words[2000 + building].title()} Hall"
            rows.write_row(
                (
                    *(
                        code,
                        f"{title.lower().replace(' ', '-')[:80]}-{code}",
                        title,
                        "",
                        text,
                        category,
                        tags,
                    ),
                    *(chance.choice(["en", "en", "en", "fr", "de", ""]), "", "", starts_at, ends_at, False),
                    *(
                        "Europe/London",
                        organisation + 1,
                        building + 1,
                        "",
                        chance.random() < 0.1,
                        "",
                        "published",
                    ),
                    *("everyone", "", now, now, 0, "", "", f"<p>{text}</p>", text, name, place),
                    *(
                        " ".join([name, *tags, category]),
                        starts_at.date(),
                        f"{starts_at:%H:%M}",
                        f"{ends_at:%H:%M}",
                    ),
                    *(ends_at > now, ends_at > now and starts_at < now + NEAR),
                )
            )
