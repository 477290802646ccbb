"""Addresses for the machines that watch the site."""

from django.urls import path

from health import views

app_name = "health"

urlpatterns = [
    # /health/
    path("", views.health, name="health"),
    path("live/", views.live, name="live"),
    path("ready/", views.ready, name="ready"),
]
