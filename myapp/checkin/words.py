"""The sentences that a device says by itself, in the language of the page that armed it."""

from django.utils.translation import gettext as _


def words_of_device() -> dict[str, str]:
    """Return the sentences by their codes; what stands in braces is filled in by static/js/door.js."""
    return {
        # answers
        "in": _("Come in."),
        "out": _("Out."),
        "already_in": _("Already in since {time}."),
        "already_in_by": _("Already in since {time}, by door {door}."),
        "not_in": _("Is not in, so cannot go out."),
        "cancelled": _("This registration was cancelled."),
        "not_confirmed": _("Has no place yet."),
        "handed_on": _("This ticket was handed on; its old code no longer counts."),
        "no_such_guest": _("This guest was taken off the ticket."),
        "another_event": _("This ticket is for another event."),
        "not_yet": _("Not yet: the door opens at {time}."),
        "over": _("This event is over."),
        "called_off": _("This event was cancelled."),
        "unknown": _("There is no such ticket."),
        "forged": _("This ticket was not issued here."),
        "incomplete": _("This ticket's code is not complete."),
        "not_a_ticket": _("This is not a ticket."),
        "other_version": _("This ticket is of a newer kind than this page can read."),
        "since_the_list": _("Newer than the list of {time}; its signature is ours."),
        "broken": _("That could not be noted. Try again, and load the page anew where it goes on."),
        # people
        "guest": _("Guest {number} of {name}"),
        "let_in": _("Let {name} in"),
        "let_out": _("Let {name} out"),
        "is_in": _("is in"),
        # the device
        "count": _("{inside} of {expected} in"),
        "list": _("List of {time}"),
        "online": _("Connected"),
        "offline": _("No network"),
        "signed_out": _("Signed out"),
        "unsent": _("{number} not sent yet"),
        "arming": _("Getting ready …"),
        "ready": _("Ready to go on without a network"),
        "no_list": _("The list could not be fetched. This page needs the network once."),
        "no_camera": _("The camera cannot be used here. Its permission is in the browser's settings."),
        "taken_back": _("Taken back."),
        "forgotten": _("This device has forgotten the event."),
        "forget_unsent": _("{number} scans were not sent yet and would be lost."),
        # what comes to light when devices compare
        "duplicate": _("{name} was let in at {time} here, and also: {where}."),
        "other": _("{time} by door {door}"),
        "let_in_though": _("{name} was let in at {time}, though: {why}"),
    }
