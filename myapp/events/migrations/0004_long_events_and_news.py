"""Indexes for the calendar, which asks what goes on over several days, and for feeds, which ask what changed last."""

import datetime as dt

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThan


class Migration(migrations.Migration):
    """Two small indexes; reversible."""

    dependencies = [("events", "0003_listed_from")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["ends_at"],
                condition=Q(
                    GreaterThan(
                        models.ExpressionWrapper(
                            F("ends_at") - F("starts_at"), output_field=models.DurationField()
                        ),
                        models.Value(dt.timedelta(hours=5)),
                    ),
                    is_public=True,
                ),
                name="events_event_long",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["-changed_at", "-id"],
                condition=Q(listed_from__isnull=False),
                name="events_event_news",
            ),
        ),
    ]
