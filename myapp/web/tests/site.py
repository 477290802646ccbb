"""A little site with one view of each kind and with every mistake the guard must find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template import RequestContext, Template, engines
from django.template.response import TemplateResponse
from django.urls import path

from myapp.web.gone import Gone, Way
from myapp.web.htmx import varying, wants_fragment
from myapp.web.policies import island, operators_page, private_page, public_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from myapp.web.requests import Request, SignedInRequest

handler400 = "myapp.web.errors.bad_request"
handler403 = "myapp.web.errors.permission_denied"
handler404 = "myapp.web.errors.page_not_found"
handler500 = "myapp.web.errors.server_error"

made: list[str] = []  # what was made rather than taken from the store


@public_page(keep=30, reads=("q", "day"))
def page(request: Request) -> HttpResponse:
    """Show what it was asked."""
    made.append(request.get_full_path())
    return HttpResponse(f"<p>{request.GET.urlencode()}</p>" + "<p>Hello everyone</p>" * 50)


@public_page(keep=30, keep_unchanged=120)
def lasting(request: Request) -> HttpResponse:
    """Show what only time makes old."""
    made.append(request.get_full_path())
    return HttpResponse("<p>Hello</p>")


@public_page(keep=30)
def thing(_request: Request, name: str) -> HttpResponse:
    """Answer as the name says."""
    match name:
        case "moved":
            return HttpResponsePermanentRedirect("/thing/here/")
        case "missing":
            raise Http404("the secret draft")
        case "gone":
            raise Gone("This event is over & gone.", [Way("Other <talks>", "/events/?category=talk")])
        case "broken":
            raise RuntimeError(name)
        case "stream":
            return StreamingHttpResponse(["a", "b"])  # type: ignore[return-value] # the mistake itself
    return HttpResponse(name)


def _from(source: str) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: HttpResponse(Template(source).render(RequestContext(request)))


def _late(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(
        request, engines["django"].from_string("{% if user.is_staff and x %}a{% endif %}")
    )


def _with_cookie(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(request.path)
    response.set_cookie("last", "1")
    return response


def _missing_for_some(request: HttpRequest) -> HttpResponse:
    try:
        known = request.user.is_authenticated
    except Exception:  # noqa: BLE001 - a careless view
        known = False
    if not known:
        raise Http404
    return HttpResponse("for you")


def _session(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = 1
    return HttpResponse("counted")


MISTAKES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "user in a condition": _from("{% if user.is_authenticated %}you{% endif %}."),
    "user in a condition that swallows": _from("{% if user.is_staff and x %}a{% endif %}."),
    "user alone in a condition": _from("{% if user %}a{% endif %}."),
    "user printed": _from("{{ user }}"),
    "permissions in a condition": _from("{% if perms.events.change_event and x %}a{% endif %}."),
    "permissions printed": _from("{{ perms }}"),
    "messages": _from("{% for message in messages %}{{ message }}{% endfor %}"),
    "messages in a condition": _from("{% if messages and x %}a{% endif %}"),
    "token tag": _from("<form>{% csrf_token %}</form>"),
    "token variable": _from("{{ csrf_token }}"),
    "token asked for": lambda request: HttpResponse(get_token(request)),
    "session read": _from("{{ request.session.visits }}"),
    "session written": _session,
    "cookie read": lambda request: HttpResponse(str(request.COOKIES.get("signed_in"))),
    "cookie compared": lambda request: HttpResponse(str(request.COOKIES == {})),
    "cookie set": _with_cookie,
    "vary": lambda request: HttpResponse(request.path, headers={"Vary": "Accept, Cookie"}),
    "htmx": lambda request: HttpResponse("fragment" if request.htmx else "page"),  # type: ignore[attr-defined]
    "not found for some": _missing_for_some,
    "rendered late": _late,
}


@public_page(keep=30)
def mistaken(request: Request, mistake: str) -> HttpResponse:
    """Make one of the mistakes."""
    return MISTAKES[mistake](request)


@public_page(keep=30)
def headers(request: Request) -> HttpResponse:
    """Show what a public page can know of who asks: nothing."""
    asked = [request.headers.get(name) for name in ("User-Agent", "Accept-Language", "Cookie", "HX-Request")]
    return HttpResponse(f"{asked} {request.META.get('REMOTE_ADDR')} {request.get_host()}")


@island
def shell(request: Request) -> HttpResponse:
    """Say who is here, to everyone."""
    return HttpResponse(request.user.get_username())


@private_page(methods=("GET", "POST"))
def mine(request: SignedInRequest) -> HttpResponse:
    """Be for one person, as a page or as a fragment."""
    shape = "fragment" if wants_fragment(request, "results") else "page"
    return varying(HttpResponse(f"{shape} of {request.user.username}"))


@operators_page
def alive(_request: Request) -> HttpResponse:
    """Be for machines."""
    return HttpResponse("ok")


def forgotten(_request: Request) -> HttpResponse:
    """State no policy."""
    return HttpResponse("open")


urlpatterns = [
    path("lasting/", lasting),
    path("page/", page),
    path("fr/page/", page),
    path("thing/<str:name>/", thing),
    path("mistake/<str:mistake>/", mistaken),
    path("headers/", headers),
    path("shell/", shell),
    path("mine/", mine),
    path("alive/", alive),
    path("forgotten/", forgotten),
    path("accounts/login/", alive, name="account_login"),
]
