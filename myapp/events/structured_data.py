"""Events as search engines read them: schema.org's Event as JSON-LD (https://schema.org/Event).

It stands in `<script type="application/ld+json">`, a block of data: no browser runs it, so the content security policy
needs no exception for it.
"""

import json
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from myapp.events.models import Event
from myapp.web.addresses import whole_address, whole_media_address
from myapp.web.texts import shortened

# What would end the block or begin another inside it, and what JavaScript's older grammars refuse in a string.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
_SCHEMA = "https://schema.org"


def event_json_ld(event: Event) -> SafeString:
    """Return the event as JSON that is safe inside a script element; no queries as `event_data`."""
    text = json.dumps(event_data(event), ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308 - nothing is left in it that HTML would read


def event_data(event: Event) -> dict[str, Any]:
    """Return what schema.org asks of an event; no queries where its organisation and place are loaded."""
    data = {
        "@context": _SCHEMA,
        "@type": "Event",
        "@id": whole_address(event.path),
        "name": event.title,
        "url": whole_address(event.path),
        "startDate": _moment(event, start=True),
        "endDate": _moment(event, start=False),
        "eventStatus": f"{_SCHEMA}/{'EventCancelled' if event.is_cancelled else 'EventScheduled'}",
        "eventAttendanceMode": f"{_SCHEMA}/{_attendance(event)}EventAttendanceMode",
        "location": _location(event),
        "organizer": {
            "@type": "Organization",
            "name": event.organisation_name,
            "url": whole_address(event.organisation.path),
        },
        "description": event.summary or shortened(event.description_text, 500),
        "image": [whole_media_address(event.poster.url)] if event.poster else [],
        "keywords": event.tags,
        "inLanguage": event.language,
    }
    return {key: value for key, value in data.items() if value}


def _moment(event: Event, *, start: bool) -> str:
    """Return the start or the end in the campus's zone with its offset; the first or last day of whole days."""
    moment = localtime(event.starts_at if start else event.ends_at)
    if not event.all_day:
        return moment.isoformat(timespec="seconds")
    # The end is exclusive here and inclusive there.
    day = (
        moment.date() if start else localtime(max(event.starts_at, event.ends_at - moment.resolution)).date()
    )
    return day.isoformat()


def _attendance(event: Event) -> str:
    if not event.online:
        return "Offline"
    return "Mixed" if event.place_label else "Online"


def _location(event: Event) -> list[dict[str, Any]] | dict[str, Any]:
    """Return the place, the address online, or both."""
    places = []
    if event.place_label or not event.online:
        places.append(_place(event))
    if event.online:
        url = event.online_url or whole_address(event.path)
        places.append({"@type": "VirtualLocation", "url": url})
    return places if len(places) > 1 else places[0]


def _place(event: Event) -> dict[str, Any]:
    """Return the room, building or place; search engines insist on an address, so the name stands in for one."""
    building = event.building
    name = event.place_label or event.organisation_name
    place: dict[str, Any] = {"@type": "Place", "name": name, "address": name}
    if building is None:
        return place
    place["address"] = building.address or building.name
    if building.latitude is not None and building.longitude is not None:
        place["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": float(building.latitude),
            "longitude": float(building.longitude),
        }
    return place
