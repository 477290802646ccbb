"""The islands: everything personal on public pages, under the one prefix /_mine/."""

from django.urls import path

from myapp.mine import views

app_name = "mine"
urlpatterns = [
    path("shell/", views.shell, name="shell"),
]
