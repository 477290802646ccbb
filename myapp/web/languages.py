"""Languages and addresses: the default language has no prefix, the others do, and every page exists in each of them."""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_info


class Version(NamedTuple):
    """A page in one language: `path` is its one address, `address` also says what was asked for there."""

    code: str
    name: str
    path: str
    address: str
    is_current: bool
    is_default: bool


def prefix_of(language: str) -> str:
    """Return what stands before every path in a language: nothing for the default, else like "/fr"."""
    return "" if language == settings.LANGUAGE_CODE else f"/{language}"


def language_prefix() -> str:
    """Return what stands before every path in the active language."""
    return prefix_of(get_language() or settings.LANGUAGE_CODE)


def versions_of(request: HttpRequest) -> list[Version]:
    """Return the page asked for in every language, under the name that its readers call the language; no queries.

    None for an address that leads nowhere: what is left of it without its prefix might lead elsewhere ("//other.site").
    """
    if request.resolver_match is None:
        return []
    current = get_language() or settings.LANGUAGE_CODE
    without = len(prefix_of(current))
    path, address = request.path[without:], request.get_full_path()[without:]
    return [
        Version(
            code,
            str(get_language_info(code)["name_local"]).capitalize(),
            prefix_of(code) + path,
            prefix_of(code) + address,
            code == current,
            code == settings.LANGUAGE_CODE,
        )
        for code, _name in settings.LANGUAGES
    ]
