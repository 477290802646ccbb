"""Whoever kept a door, or checked in by themselves, may delete their account: the scan stays, without saying by whom."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_FUNCTION = """
CREATE OR REPLACE FUNCTION public.checkin_scans_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (
        OLD.id, OLD.desk_id, OLD.registration_id, OLD.place, OLD.direction, OLD.at, OLD.received_at, OLD.door, OLD.device,
        OLD.nonce, OLD.how
    ) IS NOT DISTINCT FROM (
        NEW.id, NEW.desk_id, NEW.registration_id, NEW.place, NEW.direction, NEW.at, NEW.received_at, NEW.door, NEW.device,
        NEW.nonce, NEW.how
    ) AND (NEW.refused = OLD.refused OR NEW.refused = '') AND (OLD.undone_at IS NULL OR NEW.undone_at IS NOT NULL)
        AND (NEW.user_id IS NOT DISTINCT FROM OLD.user_id {or_nobody})
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Scans are only ever added to.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class Migration(migrations.Migration):
    """A scan's person may be nobody, and the trigger lets it become so; reversible while none is."""

    dependencies = [
        ("checkin", "0003_helpers_and_devices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="scan",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.RunSQL(
            _FUNCTION.format(or_nobody="OR NEW.user_id IS NULL"), _FUNCTION.format(or_nobody="")
        ),
    ]
