"""What is one person's alone: the islands under /_mine/, and under /my/ the same as pages without JavaScript."""

from django.urls import path

from myapp.mine import calendar, events, places, views

app_name = "mine"
urlpatterns = [
    # /_mine/
    path("_mine/shell/", views.shell, name="shell"),
    path("_mine/events/<slug:slug>/", events.event, name="event"),
    path("_mine/events/<slug:slug>/place/", places.place, name="place"),
    # /my/
    path("my/events/<slug:slug>/", events.event_page, name="event_page"),
    path("my/events/<slug:slug>.ics", events.event_ics, name="event_ics"),
    path("my/calendar/", calendar.calendar, name="calendar"),
    path("my/calendar/renew/", calendar.renew_calendar, name="renew_calendar"),
    path("my/calendar/revoke/", calendar.revoke_calendar, name="revoke_calendar"),
    path("my/calendar/<str:secret>.ics", calendar.calendar_ics, name="calendar_ics"),
]
