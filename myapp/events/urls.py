"""Addresses of what is on; names are `events:…`."""

from django.urls import path

from myapp.events.views import details, home

app_name = "events"

urlpatterns = [
    path("", home.home, name="home"),
    # /events/
    path("events/<slug:slug>/", details.detail, name="detail"),
    # /_part/: what htmx asks for; each has a page that says the same
    path("_part/events/<slug:slug>/", details.panel, name="panel"),
]
