"""What a search for words asks first: an index of the words of the next weeks, which is small."""

import datetime as dt

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q
from django.db.models.functions import Cast
from django.db.models.lookups import Exact
from django.utils.timezone import now

NEAR = dt.timedelta(days=21)
BATCH = 500
# What an index leaves behind when its making is broken off.
DROP = "DROP INDEX CONCURRENTLY IF EXISTS {}"
# In a form of which PostgreSQL expects that every row holds it, see the model.
SEARCHED = ~Q(Exact(Cast("is_upcoming", models.IntegerField()), models.Value(0)))


def mark_what_is_near(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Mark what is near already, the soonest first, in transactions of a moment each: nobody waits for a row long."""
    events = apps.get_model("events", "Event").objects
    near = events.filter(is_near=False, listed_from__lt=now() + NEAR).order_by("listed_from", "id")
    while batch := list(near.values_list("pk", flat=True)[:BATCH]):
        events.filter(pk__in=batch, is_upcoming=True).update(is_near=True)


class Migration(migrations.Migration):
    """Marks, and makes two indexes, while others read and write; reversible, and may be run again where it was broken off."""

    atomic = False

    dependencies = [("events", "0008_is_near")]

    operations = [
        migrations.RunPython(mark_what_is_near, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL(DROP.format("events_event_near"), migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                fields=["is_near", "listed_from", "id"], condition=SEARCHED, name="events_event_near"
            ),
        ),
        migrations.RunSQL(DROP.format("events_event_near_search"), migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="event",
            index=GinIndex(
                fields=["search"],
                condition=Q(is_near=True),
                fastupdate=False,
                name="events_event_near_search",
            ),
        ),
        # One row in fifty was changed, too few for autovacuum to count anew; without it the planner takes the near rows for
        # none, and a search by relevance costs four times as much.
        migrations.RunSQL("ANALYZE events_event", migrations.RunSQL.noop),
    ]
