"""Mails in the look of the site: one template, whose words become a subject, a text and a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from myapp.web.addresses import whole_address

if TYPE_CHECKING:
    from django.http import HttpRequest

# What a header cannot hold, or what would turn a line around where it is shown.
_UNSAID = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def write_mail(
    template: str,
    context: Mapping[str, Any],
    *,
    to: list[str],
    headers: Mapping[str, str] | None = None,
    request: HttpRequest | None = None,
) -> EmailMultiAlternatives:
    """Return a mail in the active language, not sent; queries are the template's own.

    The template extends `layout` and says its words in blocks (templates/emails/). `link` in the context is the one thing
    to press.
    """
    context = {"campus_name": settings.CAMPUS_NAME, "site_url": whole_address("/"), **context}
    subject, text, page = (
        _sendable(render_to_string(template, {**context, "layout": f"emails/{layout}"}, request).strip())
        for layout in ("subject.txt", "layout.txt", "layout.html")
    )
    mail = EmailMultiAlternatives(
        one_line(subject),
        re.sub(r"\n\s*\n+", "\n\n", text) + "\n",
        settings.DEFAULT_FROM_EMAIL,
        to,
        # RFC 3834: no holiday notice answers a machine.
        headers={"Auto-Submitted": "auto-generated", **(headers or {})},
    )
    mail.attach_alternative(page, "text/html")
    return mail


def _sendable(words: str) -> str:
    """Return words without halves of characters, which no mail can carry."""
    return words.encode("utf-8", "replace").decode("utf-8")


def one_line(words: str) -> str:
    """Return words as a subject can hold them: on one line, without what only machines read."""
    return re.sub(r"[^\S\u00a0\u202f]+", " ", _UNSAID.sub("", words)).strip()
