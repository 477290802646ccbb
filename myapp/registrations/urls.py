"""Registering, what one has registered for, and how many places are left; names are `registrations:…`."""

from django.urls import path

from myapp.registrations.views import feedback, live, managing, registering

app_name = "registrations"
urlpatterns = [
    # /my/
    path("my/events/<slug:slug>/register/", registering.register, name="register"),
    # /tickets/
    path("tickets/<slug:code>/accept/", managing.accept, name="accept"),
    path("tickets/<slug:code>/cancel/", managing.cancel, name="cancel"),
    path("tickets/<slug:code>/feedback/", feedback.feedback, name="feedback"),
    # /r/
    path("r/<str:key>/feedback/", feedback.feedback_by_key, name="feedback_by_key"),
    # /_live/, /_part/: what an open page asks for
    path("_live/seats/<slug:code>/", live.seats_stream, name="seats_stream"),
    path("_part/seats/<slug:code>/", live.seats_part, name="seats_part"),
]
