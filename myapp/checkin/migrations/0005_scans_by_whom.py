"""Deleting an account asks for its scans while it holds desks: they are found at once."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

# What an index leaves behind when its making is broken off.
DROP = "DROP INDEX CONCURRENTLY IF EXISTS checkin_scan_by"


class Migration(migrations.Migration):
    """Makes an index while others read and write; reversible, and may be run again where it was broken off."""

    atomic = False

    dependencies = [("checkin", "0004_scans_without_a_name")]

    operations = [
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="scan",
            index=models.Index(fields=["user"], condition=Q(user__isnull=False), name="checkin_scan_by"),
        ),
    ]
