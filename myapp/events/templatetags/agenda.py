"""What lists of events need in templates."""

from collections.abc import Iterable
from functools import cache
from html import escape

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext as _

from myapp.events.choices import Choice
from myapp.events.models import Category
from myapp.events.queries import Row

register = template.Library()
_LABELS = {category.value: category.label for category in Category}


@register.filter
def category_label(value: str) -> str:
    """Return what a category is called in the active language: rows of lists carry only its value."""
    return str(_LABELS.get(value, value))


def safe(text: str) -> str:
    """Return text as HTML; what is HTML already stays. Django's own does the same by way of four more calls."""
    return text if isinstance(text, SafeString) else escape(text)


@cache
def _kinds(_language: str | None) -> dict[str, str]:
    """What each category is called in the active language, as HTML."""
    return {value: escape(category_label(value)) for value in _LABELS}


# The two below are written in Python because templates take four times as long for them, and together they are most of
# what a list costs. Every value goes through `safe`, which leaves alone what is HTML already: marked words.


@register.simple_tag(takes_context=True)
def event_rows(context: Context, rows: Iterable[Row]) -> SafeString:
    """Draw the rows of one day of an agenda."""
    prefix, still_on, all_day = context["language_prefix"], safe(_("Still on")), safe(_("All day"))
    off = f'<b class="off">{safe(_("Cancelled"))}</b> · '
    kinds = _kinds(get_language())
    parts = []
    for row in rows:
        if row.get("ongoing"):
            when = f"<b>{still_on}</b>"
        elif row["all_day"]:
            when = f"<b>{all_day}</b>"
        else:
            when = f"<time>{row['starts_text']}</time> <span>{row['ends_text']}</span>"
        cancelled = row["status"] == "cancelled"
        place, excerpt = row["place_label"], row.get("excerpt")
        parts.append(
            f'<li class="event" data-category="{row["category"]}"{_CANCELLED if cancelled else ""}>'
            f'<p class="when">{when}</p>'
            f'<h3><a href="{prefix}/events/{row["slug"]}/">{safe(row["title"])}</a></h3>'
            f'<p class="where">{off if cancelled else ""}{safe(row["organisation_name"])}'
            f"{f' · {safe(place)}' if place else ''}</p>"
            f"{_excerpt(excerpt) if excerpt else ''}"
            f'<p class="kind"><span class="badge">{kinds.get(row["category"], "")}</span></p></li>\n'
        )
    return mark_safe("".join(parts))  # noqa: S308 - every value was escaped


_CANCELLED = ' data-status="cancelled"'


def _excerpt(text: str) -> str:
    return f'<p class="excerpt">{safe(text)}</p>'


@register.simple_tag
def options(choices: Iterable[Choice], current: str) -> SafeString:
    """Draw the options of a select, the current one selected."""
    parts = [
        f'<option value="{safe(value)}"{" selected" if value == current else ""}>{safe(label)}</option>'
        for value, label in choices
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every value was escaped
