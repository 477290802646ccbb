"""What runs by the clock: what has run out ends and its places go to the next in line; draws, reminders, thanks."""

from procrastinate.contrib.django import app

from myapp.registrations import reminders
from myapp.registrations.actions import let_run_out, make_due_draws


@app.periodic(cron="* * * * * */10")
@app.task(name="let_registrations_run_out", queue="places", queueing_lock="let_registrations_run_out")
def let_registrations_run_out(timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """End holds, offers and unconfirmed addresses whose time is up. May run twice at once, and twice in a row."""
    let_run_out()


@app.periodic(cron="*/5 * * * *")
@app.task(name="remind_people", queue="messages", queueing_lock="remind_people")
def remind_people(timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Put the reminders of the next day, and the thanks for what is over, into the outbox. Twice tells once."""
    reminders.remind()
    reminders.thank()


@app.periodic(cron="* * * * *")
@app.task(name="make_due_draws", queue="places", queueing_lock="make_due_draws")
def draw_by_the_clock(timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Make the draws whose time has come. May run twice at once: the lock of the desk makes the second find nothing."""
    make_due_draws()
