"""Which backups stay: 7 daily, 4 weekly, 12 monthly."""

import datetime as dt
from collections.abc import Callable, Collection, Hashable

DAY = dt.timedelta(days=1)
# How many periods, and how a period is named. Those without a backup do not count: after a month in which the timer did
# not run, nothing old goes for want of something new.
RULES: tuple[tuple[int, Callable[[dt.datetime], Hashable]], ...] = (
    (7, lambda moment: moment.date()),
    (4, lambda moment: moment.isocalendar()[:2]),
    (12, lambda moment: (moment.year, moment.month)),
)


def kept(moments: Collection[dt.datetime]) -> set[dt.datetime]:
    """Return those of the moments whose backups stay: the newest of each period, and all of the last 24 hours.

    The last 24 hours stay whole, since a backup made by hand after an accident must not push out the one of an hour
    before it. Moments are in UTC; "last" counts from the newest of them, whatever the clock says now.
    """
    newest_first = sorted(moments, reverse=True)
    if not newest_first:
        return set()
    staying = {moment for moment in newest_first if newest_first[0] - moment < DAY}
    for number, period in RULES:
        newest: dict[Hashable, dt.datetime] = {}
        for moment in newest_first:
            newest.setdefault(period(moment), moment)
        staying.update(list(newest.values())[:number])
    return staying
