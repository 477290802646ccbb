"""A test that commits leaves nothing to the next: neither rows that nobody may delete nor a setting of the session."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from myapp.accounts.models import User
from myapp.events.models import Event
from myapp.registrations.models import Desk, LogEntry, Registration
from myapp.testing import emptying
from myapp.testing.factories import make_desk, make_registration


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("many", [1, 200])
def test_everything_goes_but_what_every_test_finds(monkeypatch, many):
    monkeypatch.setattr(emptying, "MANY", many)
    make_registration(make_desk().types.get())
    kept = set(Permission.objects.values_list("pk", flat=True)), set(ContentType.objects.values_list("pk"))
    models = (User, Event, Desk, Registration, LogEntry)
    assert all(model.objects.exists() for model in models)

    emptying.empty(connection)

    assert not any(model.objects.exists() for model in models)
    assert (
        set(Permission.objects.values_list("pk", flat=True)),
        set(ContentType.objects.values_list("pk")),
    ) == kept
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)


def test_every_test_that_commits_is_emptied_this_way():
    assert TransactionTestCase._fixture_teardown is emptying._after_a_test  # type: ignore[attr-defined]
