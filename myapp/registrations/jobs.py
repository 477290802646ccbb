"""What runs by the clock: every ten seconds, what has run out ends, and the places go to the next in line."""

from procrastinate.contrib.django import app

from myapp.registrations.actions import let_run_out


@app.periodic(cron="* * * * * */10")
@app.task(name="let_registrations_run_out", queue="places", queueing_lock="let_registrations_run_out")
def let_registrations_run_out(timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """End holds, offers and unconfirmed addresses whose time is up. May run twice at once, and twice in a row."""
    let_run_out()
