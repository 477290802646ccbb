"""Dates as sentences say them. Each language has its own order, abbreviations and stops, and some a first of the month."""

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import pgettext, pgettext_lazy

_STYLES = {
    "day": pgettext_lazy("date format: Friday 20 November", "l j F"),
    "short": pgettext_lazy("date format: Fri 20 Nov", "D j M"),
    "date": pgettext_lazy("date format: 20 November 2026", "j F Y"),
    "day-month": pgettext_lazy("date format: 20 November", "j F"),
    "short-date": pgettext_lazy("date format: 20 Nov 2026", "j M Y"),
    "short-day-month": pgettext_lazy("date format: 20 Nov", "j M"),
    "month": pgettext_lazy("date format: November 2026", "F Y"),
}


def spoken_date(date: dt.date, style: str) -> str:
    """Return a date in the active language; `style` is "day", "short", "month" or another of the above. No queries."""
    pattern = str(_STYLES[style])
    if date.day == 1:
        # What stands for the number: French writes "1er novembre", then "2 novembre".
        pattern = pattern.replace("j", pgettext("date format: the number of the first day of a month", "j"))
    return date_format(date, pattern)
