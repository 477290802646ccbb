"""Under /accounts/notifications/: what one is told."""

from django.urls import path

from myapp.notify import views

app_name = "notify"
urlpatterns = [
    path("", views.preferences, name="preferences"),
    path("devices/", views.add_device, name="add_device"),
    path("devices/<int:pk>/remove/", views.remove_device, name="remove_device"),
    path("stop/<str:token>/", views.stop, name="stop"),
]
