"""The one icon set, as a sprite: {% icon "calendar-days" %}."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@cache
def sprite() -> str:
    """Return the address of the sprite; its hashed name is looked up once in a process."""
    return static("img/icons.svg")


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Draw the named symbol of the sprite; hidden from screen readers, since words stand beside it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', sprite(), name)
