"""Addresses of what is on; names are `events:…`."""

from django.urls import include, path, register_converter

from myapp.events.calendar_days import MonthConverter, WeekConverter
from myapp.events.views import calendar, details, feeds, home, lists, organisations, venues

register_converter(MonthConverter, "month")
register_converter(WeekConverter, "week")

app_name = "events"

calendar_urls = [
    path("", calendar.calendar, name="calendar"),
    path("<month:month>/", calendar.month, name="month"),
    path("<week:week>/", calendar.week, name="week"),
]
organisation_urls = [
    path("", organisations.organisations, name="organisations"),
    path("<slug:slug>/", organisations.organisation, name="organisation"),
    path("<slug:slug>.ics", feeds.organisation_ics, name="organisation_ics"),
    path("<slug:slug>.atom", feeds.organisation_atom, name="organisation_atom"),
]
building_urls = [
    path("", venues.buildings, name="buildings"),
    path("<slug:slug>/", venues.building, name="building"),
]
room_urls = [
    path("", venues.rooms, name="rooms"),
    path("<slug:slug>/", venues.room, name="room"),
]

urlpatterns = [
    path("", home.home, name="home"),
    # /events/
    path("events/", lists.event_list, name="list"),
    path("events/<slug:slug>/", details.detail, name="detail"),
    path("events/<slug:slug>.ics", feeds.event_ics, name="ics"),
    path("events.ics", feeds.search_ics, name="feed_ics"),
    path("events.atom", feeds.search_atom, name="feed_atom"),
    path("subscribe/", feeds.subscribe, name="subscribe"),
    # /calendar/
    path("calendar/", include(calendar_urls)),
    # /organisations/
    path("organisations/", include(organisation_urls)),
    # /buildings/, /rooms/
    path("buildings/", include(building_urls)),
    path("rooms/", include(room_urls)),
    # /_part/: what htmx asks for; each has a page that says the same
    path("_part/events/", lists.results, name="results"),
    path("_part/events/<slug:slug>/", details.panel, name="panel"),
]
