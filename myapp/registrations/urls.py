"""Registering, what one has registered for, and how many places are left; names are `registrations:…`."""

from django.urls import path

from myapp.registrations.views import live, managing, registering

app_name = "registrations"
urlpatterns = [
    # /my/
    path("my/events/<slug:slug>/register/", registering.register, name="register"),
    # /tickets/
    path("tickets/<slug:code>/accept/", managing.accept, name="accept"),
    path("tickets/<slug:code>/cancel/", managing.cancel, name="cancel"),
    # /_live/, /_part/: what an open page asks for
    path("_live/seats/<slug:code>/", live.seats_stream, name="seats_stream"),
    path("_part/seats/<slug:code>/", live.seats_part, name="seats_part"),
]
