"""The database writes the log itself, whichever way a registration changes, and lets nobody rewrite it."""

from django.db import migrations

# Names are qualified, because pg_restore runs with an empty search path. Whoever changes a registration holds the lock
# on its desk's row, so numbers have no gaps and times do not go backwards. The same transaction tells the pages that
# show how many places are left.
FORWARDS = """
CREATE FUNCTION public.registrations_log(
    p_desk bigint, p_alias text, p_type bigint, p_state text, p_because text, p_places integer, p_queue bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := clock_timestamp();
    v_line text := concat(
        to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '|', p_alias, '|', p_type, '|', p_state, '|',
        p_because, '|', p_places, '|', p_queue
    );
    v_number bigint;
    v_head text;
BEGIN
    UPDATE public.registrations_desk
        SET log_size = log_size + 1,
            log_head = encode(sha256(convert_to(concat(log_head, '|', log_size + 1, '|', v_line), 'UTF8')), 'hex')
        WHERE event_id = p_desk
        RETURNING log_size, log_head INTO v_number, v_head;
    INSERT INTO public.registrations_logentry
        (desk_id, number, at, alias, ticket_type, state, because, places, queue_number, digest)
        VALUES (p_desk, v_number, v_at, p_alias, p_type, p_state, p_because, p_places, p_queue, v_head);
    PERFORM pg_notify('seats', p_desk::text);
END $$;

CREATE FUNCTION public.registrations_log_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.registrations_log(
        NEW.desk_id, NEW.alias, NEW.ticket_type_id, NEW.state, NEW.because, NEW.places, NEW.queue_number
    );
    RETURN NULL;
END $$;
CREATE TRIGGER registrations_log_new AFTER INSERT ON public.registrations_registration
    FOR EACH ROW EXECUTE FUNCTION public.registrations_log_registration();
CREATE TRIGGER registrations_log_changed
    AFTER UPDATE OF state, guests, ticket_type_id, user_id, email, queue_number ON public.registrations_registration
    FOR EACH ROW WHEN (
        (OLD.state, OLD.guests, OLD.ticket_type_id, OLD.user_id, OLD.email, OLD.queue_number)
        IS DISTINCT FROM (NEW.state, NEW.guests, NEW.ticket_type_id, NEW.user_id, NEW.email, NEW.queue_number)
    ) EXECUTE FUNCTION public.registrations_log_registration();

CREATE FUNCTION public.registrations_log_desk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.registrations_log(NEW.event_id, '', NULL, 'capacity', '', NEW.capacity, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER registrations_log_capacity AFTER UPDATE OF capacity ON public.registrations_desk
    FOR EACH ROW WHEN (OLD.capacity IS DISTINCT FROM NEW.capacity)
    EXECUTE FUNCTION public.registrations_log_desk();

CREATE FUNCTION public.registrations_log_type() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.registrations_log(NEW.desk_id, '', NEW.id, 'capacity', '', NEW.capacity, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER registrations_log_capacity AFTER UPDATE OF capacity ON public.registrations_tickettype
    FOR EACH ROW WHEN (OLD.capacity IS DISTINCT FROM NEW.capacity)
    EXECUTE FUNCTION public.registrations_log_type();

CREATE FUNCTION public.registrations_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log of registrations is only ever added to.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER registrations_log_stays BEFORE UPDATE OR DELETE ON public.registrations_logentry
    FOR EACH ROW EXECUTE FUNCTION public.registrations_log_stays();

-- Ends a statement that has counted a place and could not write its registration: nothing of it remains.
CREATE FUNCTION public.registrations_take_back() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'No place of this ticket type is free.' USING ERRCODE = 'EM001';
END $$;
"""

BACKWARDS = """
DROP FUNCTION public.registrations_take_back();
DROP TRIGGER registrations_log_stays ON public.registrations_logentry;
DROP FUNCTION public.registrations_log_stays();
DROP TRIGGER registrations_log_capacity ON public.registrations_tickettype;
DROP FUNCTION public.registrations_log_type();
DROP TRIGGER registrations_log_capacity ON public.registrations_desk;
DROP FUNCTION public.registrations_log_desk();
DROP TRIGGER registrations_log_changed ON public.registrations_registration;
DROP TRIGGER registrations_log_new ON public.registrations_registration;
DROP FUNCTION public.registrations_log_registration();
DROP FUNCTION public.registrations_log(bigint, text, bigint, text, text, integer, bigint);
"""


class Migration(migrations.Migration):
    """Functions and triggers of the log; reversible."""

    dependencies = [("registrations", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
