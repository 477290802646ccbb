"""Under /organise/: what organisers do."""

from django.urls import path

from myapp.registrations.views import (
    feedback,
    organise_desk,
    organise_events,
    organise_people,
    organise_strikes,
)

app_name = "organise"
urlpatterns = [
    path("", organise_events.index, name="index"),
    path("<slug:slug>/", organise_desk.desk, name="desk"),
    path("<slug:slug>/feedback/", feedback.feedback_list, name="feedback"),
    path("<slug:slug>/pause/", organise_desk.pause, name="pause"),
    path("<slug:slug>/people/", organise_people.people_list, name="people"),
    path("<slug:slug>/people.csv", organise_people.people_csv, name="people_csv"),
    path("<slug:slug>/draw/", organise_desk.draw, name="draw"),
    path("<slug:slug>/strikes/", organise_strikes.strikes, name="strikes"),
]
