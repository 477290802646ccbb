"""What happens to every request, outermost first. The order is part of the design; system checks hold the parts that matter.

Observe                           counts, times and logs every answer as it leaves
SecurityMiddleware, WhiteNoise    HTTPS, and static files without going further
XFrameOptions, SecurityHeaders    every answer, also an error's, carries the content security policy
LanguageFromPath                  before anything that makes a sentence
StampPublicPages                  sees the final answer: after "not found" became a page, after CommonMiddleware's
                                  redirect; and outside of everything that could add a cookie to it
RefuseMalformed                   before anything reads the query string
Session, Common, Csrf, Authentication, Messages, Htmx       Django's own order; all lazy, public pages touch none
HintCookie                        inside of the session, whose end it reports
PrivateByDefault                  knows the view; asks for the user only if the view is private
allauth                           needs the user; answers for its own pages
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, SESSION_KEY
from django.core.exceptions import BadRequest, DisallowedHost
from django.shortcuts import resolve_url
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from myapp.web import errors
from myapp.web.gone import Gone
from myapp.web.htmx import go_to, page_behind
from myapp.web.policies import Kind, ToCanonical, policy_of
from myapp.web.public_pages import is_personal
from myapp.web.query_strings import refuse_malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Middleware:
    """A middleware of ours: plain and synchronous, one call deep."""

    def __init__(self, get_response: GetResponse) -> None:
        """Wrap what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        return self.get_response(request)


class SecurityHeaders(Middleware):
    """Tell the browser to run and load nothing but our own files; a view may say otherwise for itself."""

    POLICY = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    # What nobody needs here is off, so that a script that should not be there cannot ask for it either.
    UNUSED = (
        *(
            "accelerometer",
            "browsing-topics",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "magnetometer",
        ),
        *("microphone", "midi", "payment", "usb", "xr-spatial-tracking"),
    )

    def __init__(self, get_response: GetResponse) -> None:
        """Work the headers out once; CONTENT_SECURITY_POLICY in the settings may name further sources."""
        super().__init__(get_response)
        more: dict[str, str] = getattr(settings, "CONTENT_SECURITY_POLICY", {})
        policy = {
            name: f"{self.POLICY.get(name, '')} {more.get(name, '')}".strip() for name in self.POLICY | more
        }
        if settings.HTTPS:
            policy["upgrade-insecure-requests"] = ""
        self.headers = {
            "Content-Security-Policy": "; ".join(f"{name} {value}".strip() for name, value in policy.items()),
            "Permissions-Policy": ", ".join(f"{name}=()" for name in self.UNUSED),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Content-Type-Options": "nosniff",
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add what the answer does not say itself. Django's own debug page, which is all inline, is left readable."""
        response = self.get_response(request)
        if settings.DEBUG and response.status_code >= 400 and not hasattr(response, "is_ours"):
            return response
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response


class LanguageFromPath(Middleware):
    """The address says the language: `/fr/events/` is French, no prefix is the default. Nothing else is asked.

    Django's LocaleMiddleware would also ask the browser and the cookie, and say so in `Vary`: a shared cache would
    then hold a page once for each browser's list of languages.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Know the prefixes."""
        super().__init__(get_response)
        self.prefixed = {code for code, _name in settings.LANGUAGES} - {settings.LANGUAGE_CODE}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Speak the language during this request, and name it in the answer."""
        first = request.path_info.split("/", 2)[1] if request.path_info.startswith("/") else ""
        language = first if first in self.prefixed else settings.LANGUAGE_CODE
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class StampPublicPages(Middleware):
    """Say on the final answer who may keep it: public URLs always positively, everything else never.

    An answer that may not be kept cannot replace one that was: a cache in front would serve the last good copy of an
    event for ever if the 404 that follows it carried no time. That is why 301, 404 and 410 are stamped like 200, and
    addresses that lead nowhere as well.
    """

    PUBLIC_STATUSES = frozenset({200, 301, 302, 304, 400, 404, 410})
    NOWHERE_STATUSES = frozenset({301, 400, 404})
    NOWHERE_SECONDS = 10

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Stamp the answer."""
        response = self.get_response(request)
        keep = self.seconds(request, response)
        if keep:
            # A cookie that is no session's makes Django delete it, and say `Vary: Cookie`, even where nobody asked.
            response.cookies.clear()
            _unvary(response)
            # This order: Nginx heeds the first it reads, and `no-cache` is for the browser.
            response.headers.pop("Cache-Control", None)
            response.headers["X-Accel-Expires"] = str(keep)
            response.headers["Cache-Control"] = "public, no-cache"
        elif "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response

    def seconds(self, request: HttpRequest, response: HttpResponseBase) -> int:
        """Return how long the cache in front of us may keep this answer; 0 for not at all."""
        if is_personal(request) or isinstance(response, ToCanonical):
            return 0
        if response.status_code == 400 and not _asks_for_us(request):
            return 0
        match = request.resolver_match
        if match is None:
            return self.NOWHERE_SECONDS if response.status_code in self.NOWHERE_STATUSES else 0
        policy = policy_of(match.func)
        if (
            policy is None
            or policy.kind is not Kind.PUBLIC
            or response.status_code not in self.PUBLIC_STATUSES
        ):
            return 0
        return policy.keep


class RefuseMalformed(Middleware):
    """Answer 400 with a sentence to addresses that no link and no form of ours can produce."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look at path and query string; one without a query string costs nothing."""
        if "\0" in request.path_info:
            return errors.bad_request(request)
        try:
            refuse_malformed(request.META.get("QUERY_STRING", ""))
        except BadRequest as error:
            return errors.bad_request(request, error)
        return self.get_response(request)


class HintCookie(Middleware):
    """Keep the readable cookie `signed_in` true: scripts ask for a person's islands only where it is.

    It means nothing to the server. Only answers that used the session can tell, so public pages never set it.
    """

    NAME = "signed_in"

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Set the cookie with a new session, delete it when nobody is signed in any more; no queries."""
        response = self.get_response(request)
        session = getattr(request, "session", None)
        if session is None or not session.accessed:
            return response
        domain = settings.SESSION_COOKIE_DOMAIN
        if self.is_signed_in(request):
            if session.modified or self.NAME not in request.COOKIES:
                age = None if session.get_expire_at_browser_close() else session.get_expiry_age()
                secure = settings.SESSION_COOKIE_SECURE
                response.set_cookie(
                    self.NAME, "1", max_age=age, domain=domain, secure=secure, httponly=False, samesite="Lax"
                )
        elif self.NAME in request.COOKIES:
            response.delete_cookie(self.NAME, domain=domain, samesite="Lax")
        return response

    def is_signed_in(self, request: HttpRequest) -> bool:
        """Ask the user if somebody loaded it already, else only the session, which may be behind by one request.

        Signing in and out put another user in the place of the one that was loaded.
        """
        if hasattr(request, "_cached_user"):
            return request.user.is_authenticated
        return SESSION_KEY in request.session


class PrivateByDefault(Middleware):
    """Ask for signing in unless the view says otherwise; a forgotten decorator closes a door, never opens one.

    Django's own LoginRequiredMiddleware asks for the user before it looks at the view, so that every public page would
    read the session. Also answers for `Gone`, which any view may raise.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Let in whoever may come in; send others to sign in."""
        policy = policy_of(view)
        if policy is None:
            # Not ours: sign-in pages and the admin say it Django's way.
            needs_person = getattr(view, "login_required", True)
        else:
            needs_person = policy.kind is Kind.PRIVATE
        if not needs_person or request.user.is_authenticated:
            return None
        return to_sign_in(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn `Gone` into the page that says so and where to go instead."""
        return errors.gone(request, exception) if isinstance(exception, Gone) else None


def _asks_for_us(request: HttpRequest) -> bool:
    """Whether the Host header names this site; a refusal of another name says nothing about the address."""
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def _unvary(response: HttpResponseBase) -> None:
    """Take `Cookie` out of the answer's Vary; the guard saw to it that the page does not depend on one."""
    names = [name.strip() for name in response.headers.get("Vary", "").split(",")]
    if "cookie" in map(str.lower, names):
        del response.headers["Vary"]
        if others := [name for name in names if name.lower() != "cookie"]:
            response.headers["Vary"] = ", ".join(others)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Return the way to the sign-in page and back: a redirect, for htmx one that changes the whole page."""
    url = resolve_url(settings.LOGIN_URL)
    back = page_behind(request)
    response = go_to(request, f"{url}?{urlencode({REDIRECT_FIELD_NAME: back})}" if back else url)
    add_never_cache_headers(response)
    return response
