"""The database lets nobody rewrite what was scanned: a later word takes a scan back, and no more."""

from django.db import migrations

# What may change: that a scan was taken back, and that a door let in whom the server had refused (presence.py says when).
FORWARDS = """
CREATE FUNCTION public.checkin_scans_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (
        OLD.id, OLD.desk_id, OLD.registration_id, OLD.place, OLD.direction, OLD.at, OLD.received_at, OLD.door, OLD.device,
        OLD.nonce, OLD.user_id, OLD.how
    ) IS NOT DISTINCT FROM (
        NEW.id, NEW.desk_id, NEW.registration_id, NEW.place, NEW.direction, NEW.at, NEW.received_at, NEW.door, NEW.device,
        NEW.nonce, NEW.user_id, NEW.how
    ) AND (NEW.refused = OLD.refused OR NEW.refused = '') AND (OLD.undone_at IS NULL OR NEW.undone_at IS NOT NULL)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Scans are only ever added to.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER checkin_scans_stay BEFORE UPDATE OR DELETE ON public.checkin_scan
    FOR EACH ROW EXECUTE FUNCTION public.checkin_scans_stay();
"""

BACKWARDS = """
DROP TRIGGER checkin_scans_stay ON public.checkin_scan;
DROP FUNCTION public.checkin_scans_stay();
"""


class Migration(migrations.Migration):
    """The trigger; reversible."""

    dependencies = [("checkin", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
