"""Under /organise/: what organisers do."""

from django.urls import path

from myapp.registrations.views import feedback, organise_desk, organise_events

app_name = "organise"
urlpatterns = [
    path("", organise_events.index, name="index"),
    path("<slug:slug>/", organise_desk.desk, name="desk"),
    path("<slug:slug>/feedback/", feedback.feedback_list, name="feedback"),
    path("<slug:slug>/pause/", organise_desk.pause, name="pause"),
]
