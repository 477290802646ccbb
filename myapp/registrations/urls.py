"""Registering, and what one has registered for; under prefixes that no cache keeps."""

from django.urls import path

from myapp.registrations.views import managing, registering

app_name = "registrations"
urlpatterns = [
    # /my/
    path("my/events/<slug:slug>/register/", registering.register, name="register"),
    # /tickets/
    path("tickets/<slug:code>/accept/", managing.accept, name="accept"),
    path("tickets/<slug:code>/cancel/", managing.cancel, name="cancel"),
]
