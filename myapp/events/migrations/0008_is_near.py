"""A mark on what is listed soon, see the model."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a column with a default that PostgreSQL keeps beside the table: no row is rewritten. Reversible."""

    dependencies = [("events", "0007_names_in_the_back_office")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="is_near",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
