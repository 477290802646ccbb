"""The door, all under /checkin/<event>/."""

from django.urls import path

from myapp.checkin import views

app_name = "checkin"
urlpatterns = [
    path("<slug:slug>/", views.door, name="door"),
    path("<slug:slug>/place/", views.let_through, name="let_through"),
    path("<slug:slug>/undo/", views.undo, name="undo"),
]
