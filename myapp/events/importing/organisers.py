"""Organisations by the names that feeds use: found whatever their case, made where there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.text import slugify
from django.utils.translation import gettext as _

from myapp.events.importing.items import Refused
from myapp.events.importing.texts import TITLE, one_line
from myapp.events.models import Organisation, OrganisationKind


def named(name: str) -> str:
    """Return a name as it is stored."""
    return one_line(name, TITLE)


def find_organisation(text: str) -> Organisation | None:
    """Return the organisation with that slug or name; at most two queries. Raises `Refused` where two have the name."""
    by_slug = Organisation.objects.filter(slug=text.strip()).first()
    if by_slug is not None:
        return by_slug
    found = list(Organisation.objects.alias(lower=Lower("name")).filter(lower=named(text).lower())[:2])
    if len(found) > 1:
        sentence = _("More than one organisation is called “%(name)s”; name it by its slug.")
        raise Refused(sentence % {"name": named(text)})
    return found[0] if found else None


def organisations_named(names: Iterable[str], *, source_key: str) -> tuple[dict[str, Organisation], int]:
    """Return an organisation for each name, by the name in lower case, and how many were made.

    Two queries, and one more where any has to be made. Of several with one name the oldest is taken.
    """
    wanted = {named(name).lower(): named(name) for name in names}
    found: dict[str, Organisation] = {}
    # Python and PostgreSQL do not agree on every letter's lower case; the name as it is finds what they differ on.
    same = Q(lower__in=wanted) | Q(name__in=wanted.values())
    for existing in Organisation.objects.alias(lower=Lower("name")).filter(same).order_by("-pk"):
        found[existing.name.lower()] = existing
    missing = [name for lower, name in wanted.items() if lower not in found]
    if not missing:
        return found, 0
    slugs = Slugs()
    made = [
        Organisation(
            name=name, slug=slugs.new(name), kind=OrganisationKind.OTHER, source_key=source_key[:100]
        )
        for name in missing
    ]
    for organisation in made:
        organisation.prepare()
    Organisation.objects.bulk_create(made, batch_size=500)
    found.update({organisation.name.lower(): organisation for organisation in made})
    return found, len(made)


class Slugs:
    """Slugs that no organisation has. One query."""

    def __init__(self) -> None:
        self._taken = set(Organisation.objects.values_list("slug", flat=True))

    def new(self, name: str) -> str:
        """Return a slug for a name; a name that leaves none (in Chinese, say) gets a short code."""
        code = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()
        base = slugify(name)[:80].strip("-_") or f"organisation-{code}"
        slug, number = base, 2
        while slug in self._taken:
            slug = f"{base}-{number}"
            number += 1
        self._taken.add(slug)
        return slug
