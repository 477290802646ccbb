"""A table of organisations (CSV): Name, Categories (separated by $), Application, Description, Time.

Organisations are found by name, whatever its case. One that another import or a person made keeps what it has: only what
is empty is filled in. A name that stands in the table twice is one organisation: the first row counts, and what it leaves
empty comes from the later ones.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.errors import NotAllowed
from myapp.events.importing import deadline, markup, texts
from myapp.events.importing.encodings import decode
from myapp.events.importing.items import Refused, Remark, Skipped
from myapp.events.importing.organisers import Slugs, named
from myapp.events.models import Organisation, OrganisationKind
from myapp.web.page_store import forget_public_pages

_COLUMNS = {"name", "categories", "application", "description", "time"}
_FIELDS = ("tags", "application_required", "description", "meeting_time", "kind")
_MOST_ROWS = 20_000

# The first word of a category that tells the kind.
_KINDS = (
    (re.compile(r"residence hall|dormitory", re.IGNORECASE), OrganisationKind.RESIDENCE),
    (re.compile(r"department|schools?, or centers", re.IGNORECASE), OrganisationKind.DEPARTMENT),
    (re.compile(r"administrative unit|\bagency\b|office", re.IGNORECASE), OrganisationKind.OFFICE),
    (
        re.compile(r"fraternity|sorority|honou?r society|greek council", re.IGNORECASE),
        OrganisationKind.SOCIETY,
    ),
)
# UTF-8 that somebody read as Windows-1252: "Ã©" for "é".
_GARBLED = re.compile("[ÂÃÅÄâ][\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]")
# A sign no word has inside: something is wrong, and nobody can say what was meant.
_SUSPICIOUS = re.compile("(?<=[A-Za-z])[±¤¦§¨©«¬®¯°´¶·¸»¼½¾¿�](?=[a-z])")


@dataclass(slots=True)
class Row:
    """One organisation as the table tells it."""

    number: int
    name: str
    values: dict[str, Any]


@dataclass(slots=True)
class Report:
    """What an import did, or with ``dry_run`` would have done."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def read(raw: bytes) -> tuple[list[Row], Report]:
    """Return the rows of a table, each name once; raises `Refused` with a sentence."""
    text, assumed = decode(raw)
    report = Report()
    if assumed:
        report.remarks.append(Remark(_("file"), assumed))
    csv.field_size_limit(1_000_000)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = {name: name.strip().casefold() for name in reader.fieldnames or () if name}
    if "name" not in columns.values():
        raise Refused(_("The first row must name the columns; %(names)s is missing.") % {"names": "Name"})
    rows: dict[str, Row] = {}
    try:
        for number, cells in enumerate(reader, 2):
            deadline.check()
            if number > _MOST_ROWS:
                raise Refused(_("It holds more than %(number)d rows.") % {"number": _MOST_ROWS})
            told = {columns[name]: value or "" for name, value in cells.items() if name in columns}
            _take(Row(number, "", {}), told, rows, report)
    except csv.Error as error:
        raise Refused(_("This is no table we can read: %(reason)s.") % {"reason": error}) from error
    return list(rows.values()), report


def _take(row: Row, told: dict[str, str], rows: dict[str, Row], report: Report) -> None:
    where = _("row %(number)d") % {"number": row.number}
    row.name, problem = mended(named(told.get("name", "")))
    if not row.name:
        report.skipped.append(Skipped(where, _("It has no name.")))
        return
    if problem:
        report.remarks.append(Remark(where, problem))
    categories = [mended(part)[0] for part in told.get("categories", "").split("$")]
    row.values = {
        "tags": texts.tags(categories),
        "application_required": told.get("application", "").strip().casefold() in {"true", "1", "yes"},
        "description": markup.from_text(mended(told.get("description", ""))[0]),
        "meeting_time": texts.one_line(mended(told.get("time", ""))[0], 300),
        "kind": _kind(categories),
    }
    first = rows.setdefault(row.name.lower(), row)
    if first is row:
        return
    filled = [
        name
        for name in ("tags", "description", "meeting_time")
        if not first.values[name] and row.values[name]
    ]
    first.values.update({name: row.values[name] for name in filled})
    sentence = _("“%(name)s” stands in row %(first)d already; that row was taken.")
    report.skipped.append(Skipped(where, sentence % {"name": row.name, "first": first.number}))


def mended(text: str) -> tuple[str, str]:
    """Return a text whose letters were garbled as it was meant, where that is certain, and a remark otherwise."""
    if _GARBLED.search(text):
        try:
            meant = text.encode("cp1252").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return text, _("“%(text)s” has garbled letters; it was kept as it is.") % {"text": text[:60]}
        return meant, ""
    if _SUSPICIOUS.search(text):
        return text, _("“%(text)s” may have garbled letters; it was kept as it is.") % {"text": text[:60]}
    return text, ""


def _kind(categories: list[str]) -> OrganisationKind:
    for pattern, kind in _KINDS:
        if any(pattern.search(category) for category in categories):
            return kind
    return OrganisationKind.CLUB


@transaction.atomic
def import_organisations(
    rows: list[Row], report: Report, *, source_key: str, dry_run: bool = False, acting_user: User | None
) -> Report:
    """Write what was read; six queries at most, whatever the number of rows (one more for every 500)."""
    if acting_user is not None and not acting_user.is_staff:
        raise NotAllowed(_("Only campus staff may import organisations."))
    key = source_key[:100]
    lower_names = [row.name.lower() for row in rows]
    known = {
        organisation.name.lower(): organisation
        for organisation in Organisation.objects.alias(lower=Lower("name"))
        .filter(lower__in=lower_names)
        .order_by("-pk")
        .select_for_update()
    }
    slugs = Slugs()
    made: list[Organisation] = []
    changed: list[Organisation] = []
    for row in rows:
        existing = known.get(row.name.lower())
        if existing is None:
            made.append(Organisation(name=row.name, slug=slugs.new(row.name), source_key=key, **row.values))
        elif values := _news(existing, row.values, ours=existing.source_key == key):
            for name, value in values.items():
                setattr(existing, name, value)
            changed.append(existing)
        else:
            report.unchanged += 1
    for organisation in (*made, *changed):
        organisation.prepare()
    Organisation.objects.bulk_create(made, batch_size=500)
    if changed:
        Organisation.objects.bulk_update(changed, [*_FIELDS, "description_html", "summary"], batch_size=500)
    report.created, report.updated = len(made), len(changed)
    if made or changed:
        forget_public_pages()
    if dry_run:
        transaction.set_rollback(True)
    return report


def _news(organisation: Organisation, values: dict[str, Any], *, ours: bool) -> dict[str, Any]:
    """Return what the row says that the organisation does not say yet, or may not be told by a table."""
    if ours:
        return {name: value for name, value in values.items() if getattr(organisation, name) != value}
    return {name: value for name, value in values.items() if value and not getattr(organisation, name)}
