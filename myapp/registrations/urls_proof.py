"""Beside an event's page: what anybody can check, its log and its draw."""

from django.urls import path

from myapp.registrations.views import proof

app_name = "proof"
urlpatterns = [
    path("events/<slug:slug>/log/", proof.log, name="log"),
    path("events/<slug:slug>/log.txt", proof.log_text, name="log_text"),
    path("events/<slug:slug>/draw/", proof.draw, name="draw"),
    path("events/<slug:slug>/draw.json", proof.draw_json, name="draw_json"),
]
