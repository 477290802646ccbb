"""Addresses of what is on; names are `events:…`."""

from django.urls import path

from myapp.events.views import details, home, lists

app_name = "events"

urlpatterns = [
    path("", home.home, name="home"),
    # /events/
    path("events/", lists.event_list, name="list"),
    path("events/<slug:slug>/", details.detail, name="detail"),
    # /_part/: what htmx asks for; each has a page that says the same
    path("_part/events/", lists.results, name="results"),
    path("_part/events/<slug:slug>/", details.panel, name="panel"),
]
