"""Tickets in templates: {% qr token %}."""

from __future__ import annotations

import segno
from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# In CSS pixels: a cheap camera reads 4, and 53 modules of 6 fill a phone.
MODULE = 6
_QUIET = 4  # modules around it, as ISO/IEC 18004 wants


@register.simple_tag
def qr(token: str) -> SafeString:
    """Draw a token as a QR, black on white whatever the scheme, level M; hidden from screen readers, since words say it.

    Attributes and no styles, which the content security policy keeps out.
    """
    code = segno.make(token, error="m", boost_error=False, micro=False)
    side = code.symbol_size(scale=MODULE, border=_QUIET)[0]
    drawn = code.svg_inline(
        border=_QUIET, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    attributes = f'width="{side}" height="{side}" shape-rendering="crispEdges" aria-hidden="true"'
    return mark_safe(drawn.replace("<svg ", f"<svg {attributes} ", 1))  # noqa: S308 - segno's own, of our token
