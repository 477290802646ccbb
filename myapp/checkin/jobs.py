"""What runs by the clock: what follows when a door has closed."""

from procrastinate.contrib.django import app

from myapp.checkin.actions import give_due_strikes


@app.periodic(cron="*/15 * * * *")
@app.task(name="give_due_strikes", queue="places", queueing_lock="give_due_strikes")
def give_strikes_by_the_clock(timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Give the strikes of events whose door has closed. May run twice: the second finds nothing."""
    give_due_strikes()
