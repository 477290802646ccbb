"""Registering, what one has registered for, and how many places are left; names are `registrations:…`."""

from django.urls import path

from myapp.registrations.views import feedback, handing_on, live, managing, registering, tickets

app_name = "registrations"
urlpatterns = [
    # /my/
    path("my/events/<slug:slug>/register/", registering.register, name="register"),
    # /tickets/
    path("tickets/", tickets.tickets, name="tickets"),
    path("tickets/<slug:code>/", tickets.ticket, name="ticket"),
    path("tickets/<slug:code>.ics", tickets.ticket_ics, name="ticket_ics"),
    path("tickets/<slug:code>/accept/", managing.accept, name="accept"),
    path("tickets/<slug:code>/answers/", managing.answers, name="answers"),
    path("tickets/<slug:code>/cancel/", managing.cancel, name="cancel"),
    path("tickets/<slug:code>/change/", managing.change, name="change"),
    path("tickets/<slug:code>/feedback/", feedback.feedback, name="feedback"),
    path("tickets/<slug:code>/hand-on/", handing_on.hand_on, name="hand_on"),
    path("tickets/take-over/<str:key>/", handing_on.take_over, name="take_over"),
    # /r/
    path("r/<str:key>/", tickets.ticket_by_key, name="ticket_by_key"),
    path("r/<str:key>.ics", tickets.ticket_ics_by_key, name="ticket_ics_by_key"),
    path("r/<str:key>/feedback/", feedback.feedback_by_key, name="feedback_by_key"),
    path("r/<str:key>/accept/", managing.accept_by_key, name="accept_by_key"),
    path("r/<str:key>/answers/", managing.answers_by_key, name="answers_by_key"),
    path("r/<str:key>/cancel/", managing.cancel_by_key, name="cancel_by_key"),
    path("r/<str:key>/change/", managing.change_by_key, name="change_by_key"),
    path("r/<str:key>/confirm/", managing.confirm_by_key, name="confirm_by_key"),
    path("r/<str:key>/hand-on/", handing_on.hand_on_by_key, name="hand_on_by_key"),
    path("r/<str:key>/seats/", live.seats_part_by_key, name="seats_part_by_key"),
    # /_live/, /_part/: what an open page asks for
    path("_live/seats/<slug:code>/", live.seats_stream, name="seats_stream"),
    path("_live/seats/<str:key>/", live.seats_stream_by_key, name="seats_stream_by_key"),
    path("_part/seats/<slug:code>/", live.seats_part, name="seats_part"),
]
