"""The indexes behind a search for words, so that PostgreSQL lets both meet."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

# In a form of which PostgreSQL expects that every row holds it, see the model.
SEARCHED = ~Q(Exact(Cast("is_upcoming", models.IntegerField()), models.Value(0)))


class Migration(migrations.Migration):
    """Makes two indexes anew; reversible."""

    dependencies = [("events", "0004_long_events_and_news")]

    operations = [
        migrations.RemoveIndex(model_name="event", name="events_event_listed"),
        migrations.RemoveIndex(model_name="event", name="events_event_listed_search"),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["listed_from", "id"], name="events_event_listed"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=GinIndex(
                fields=["search"],
                condition=SEARCHED,
                fastupdate=False,
                name="events_event_listed_search",
            ),
        ),
    ]
