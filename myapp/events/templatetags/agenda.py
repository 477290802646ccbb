"""What lists of events need in templates."""

from django import template

from myapp.events.models import Category

register = template.Library()
_LABELS = {category.value: category.label for category in Category}


@register.filter
def category_label(value: str) -> str:
    """Return what a category is called in the active language: rows of lists carry only its value."""
    return str(_LABELS.get(value, value))
