"""The table of contents: one include per room.

The default language has no prefix, the others do (/fr/events/): a page's address says its language.
"""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from health.views import metrics
from myapp.notify.views import worker as push_worker
from myapp.registrations.views.tickets import worker as ticket_worker

handler400 = "myapp.web.errors.bad_request"
handler403 = "myapp.web.errors.permission_denied"
handler404 = "myapp.web.errors.page_not_found"
handler429 = "myapp.web.errors.too_many_requests"  # allauth asks for it by this name
handler500 = "myapp.web.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    # without languages
    path("health/", include("health.urls")),
    path("metrics/", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("push-worker.js", push_worker, name="push_worker"),
    path("sw.js", ticket_worker, name="ticket_worker"),
    *i18n_patterns(
        path("", include("myapp.mine.urls")),  # first: asked for with every page, and kept by nobody
        path("checkin/", include("myapp.checkin.urls")),  # three hundred times a second, where doors are
        path(
            "tickets/strikes/", include("myapp.registrations.urls_strikes")
        ),  # before tickets by their codes
        path("", include("myapp.registrations.urls")),
        path("", include("myapp.events.urls")),
        path("", include("myapp.registrations.urls_proof")),
        path("", include("myapp.pages.urls")),
        path("organise/", include("myapp.registrations.urls_organise")),
        path("accounts/notifications/", include("myapp.notify.urls")),
        path("accounts/", include("myapp.accounts.urls")),
        prefix_default_language=False,
    ),
]
