"""The door, all under /checkin/<event>/."""

from django.urls import path

from myapp.checkin.views import devices, door, installing

app_name = "checkin"
urlpatterns = [
    path("worker.js", installing.worker, name="worker"),
    path("<slug:slug>/", door.door, name="door"),
    path("<slug:slug>/place/", door.let_through, name="let_through"),
    path("<slug:slug>/undo/", door.undo, name="undo"),
    path("<slug:slug>/app.webmanifest", installing.manifest, name="manifest"),
    # of devices
    path("<slug:slug>/states/", devices.states, name="states"),
    path("<slug:slug>/scan/", devices.scan, name="scan"),
    path("<slug:slug>/sync/", devices.sync, name="sync"),
]
