"""The site without the check that there is a place left, to show that the tests of that check would see it missing."""

from eventmate.wsgi import application as application  # noqa: PLC0414 - named on gunicorn's command line
from myapp.registrations import places  # after it: that sets Django up

places.ROOM_AT_DESK = places.ROOM_OF_TYPE = "true"
