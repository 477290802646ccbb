"""A test that commits leaves nothing to the next: neither rows that nobody may delete nor a setting of the session."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from myapp.accounts.models import User
from myapp.events.models import Event
from myapp.registrations.models import Desk, LogEntry, Registration
from myapp.testing.emptying import empty
from myapp.testing.factories import make_desk, make_registration


@pytest.mark.django_db(transaction=True)
def test_everything_goes_but_what_every_test_finds():
    make_registration(make_desk().types.get())
    permissions = set(Permission.objects.values_list("codename", flat=True))
    models = (User, Event, Desk, Registration, LogEntry)
    assert all(model.objects.exists() for model in models)

    empty(connection)

    assert not any(model.objects.exists() for model in models)
    assert set(Permission.objects.values_list("codename", flat=True)) == permissions
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)
