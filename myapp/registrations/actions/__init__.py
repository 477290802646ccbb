"""What can happen to registrations.

Every action is one transaction that locks the desk first, looks again, does nothing the second time, and refuses with one
sentence (`RegistrationRefused`, `NotAllowed`) with nothing changed.
"""

from myapp.registrations.actions.drawing import draw, make_due_draws
from myapp.registrations.actions.feedback import give_feedback
from myapp.registrations.actions.handing_on import hand_on, take_back, take_over
from myapp.registrations.actions.joining import join_account
from myapp.registrations.actions.looking import look
from myapp.registrations.actions.organising import (
    approve,
    close_desk,
    open_desk,
    refuse,
    set_capacity,
    take_off,
)
from myapp.registrations.actions.registering import (
    CONFIRM,
    accept,
    answer,
    cancel,
    change,
    confirm_address,
    refuse_as_anybody,
    register,
)
from myapp.registrations.actions.running_out import end_what_ran_out, let_run_out
from myapp.registrations.actions.setting_up import save_desk
from myapp.registrations.actions.striking import appeal_strike, give_strikes, lift_strike

__all__ = [
    "CONFIRM",
    "accept",
    "answer",
    "appeal_strike",
    "approve",
    "cancel",
    "change",
    "close_desk",
    "confirm_address",
    "draw",
    "end_what_ran_out",
    "give_feedback",
    "give_strikes",
    "hand_on",
    "join_account",
    "let_run_out",
    "lift_strike",
    "look",
    "make_due_draws",
    "open_desk",
    "refuse",
    "refuse_as_anybody",
    "register",
    "save_desk",
    "set_capacity",
    "take_back",
    "take_off",
    "take_over",
]
