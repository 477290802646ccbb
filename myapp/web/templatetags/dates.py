"""Dates in templates: {{ event.day|spoken:"short" }}."""

import datetime as dt

from django import template

from myapp.web.dates import spoken_date

register = template.Library()


@register.filter
def spoken(date: dt.date | None, style: str) -> str:
    """Return the date as the active language writes it in this style (see myapp.web.dates); nothing for none."""
    return spoken_date(date, style) if date else ""
