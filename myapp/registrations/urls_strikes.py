"""Under /tickets/strikes/: one's own strikes."""

from django.urls import path

from myapp.registrations.views import strikes

app_name = "strikes"
urlpatterns = [path("", strikes.mine, name="mine")]
