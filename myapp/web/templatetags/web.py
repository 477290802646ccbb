"""What every template may use to speak HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from myapp.web.query_strings import with_changes

if TYPE_CHECKING:
    from django.template import RequestContext

register = template.Library()


@register.simple_tag(takes_context=True)
def query_with(context: RequestContext, **changes: Any) -> str:
    """Return this page's query string with some names set anew: `{% query_with day="today" after=None %}`.

    In canonical form, unlike Django's `querystring`: the link leads to the address under which the page is kept.
    """
    return with_changes(context["request"].GET, **changes)
