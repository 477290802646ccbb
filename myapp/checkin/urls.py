"""The door, all under /checkin/<event>/."""

from django.urls import path

from myapp.checkin.views import devices, door, installing, oneself, places, setting_up, watching

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
    # who has no ticket
    path("<slug:slug>/places/", places.places, name="places"),
    path("<slug:slug>/places/queue/", places.from_queue, name="from_queue"),
    path("<slug:slug>/places/release/", places.release, name="release"),
    # of organisers
    path("<slug:slug>/board/", watching.board, name="board"),
    path("<slug:slug>/board/now/", watching.board_now, name="board_now"),
    path("<slug:slug>/setup/", setting_up.setup, name="setup"),
    path("<slug:slug>/setup/helpers/", setting_up.add_helper, name="add_helper"),
    path("<slug:slug>/setup/helpers/<int:pk>/", setting_up.remove_helper, name="remove_helper"),
    # checking in oneself
    path("<slug:slug>/code/", oneself.code, name="code"),
    path("<slug:slug>/code/now/", oneself.code_now, name="code_now"),
    path("<slug:slug>/self/", oneself.check_in, name="self"),
]
