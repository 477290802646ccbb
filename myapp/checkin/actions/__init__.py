"""What can happen at the door.

Whoever asks twice with the same nonce gets the same answer, and nothing happens twice. What is refused is an `Answer` with
a code, since a refusal at a door is worth remembering; who may not do something at all meets `NotAllowed`.
"""

from myapp.checkin.actions.closing import give_due_strikes
from myapp.checkin.actions.joining import check_in_oneself, let_in_from_queue, walk_in
from myapp.checkin.actions.organising import (
    dismiss_helper,
    must_run_door,
    name_helper,
    release_places,
    set_door,
)
from myapp.checkin.actions.passing import (
    Doorkeeper,
    check_in,
    check_out,
    merge_scans,
    must_keep_door,
    passed,
    undo,
)

__all__ = [
    "Doorkeeper",
    "check_in",
    "check_in_oneself",
    "check_out",
    "dismiss_helper",
    "give_due_strikes",
    "let_in_from_queue",
    "merge_scans",
    "must_keep_door",
    "must_run_door",
    "name_helper",
    "passed",
    "release_places",
    "set_door",
    "undo",
    "walk_in",
]
