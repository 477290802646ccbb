"""Models out of a statement written by hand."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test.utils import isolate_apps

from myapp.testing.queries import queries
from myapp.web.rows import Columns, read


@pytest.mark.django_db
def test_a_row_is_read_into_models_and_what_is_left():
    expected = Permission.objects.order_by("pk")[0]
    columns, about = Columns(Permission, "permission", "name"), Columns(ContentType, "about")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns}, {about}, 7 FROM auth_permission permission "
            "LEFT JOIN django_content_type about ON false ORDER BY permission.id"
        )
        found, nothing, seven = read(cursor.fetchone(), columns, about)

    with queries(0):
        assert (found, found.name) == (expected, expected.name)
    assert (nothing, seven) == (None, 7)
    with queries(1):  # deferred, and there when it is wanted
        assert found.codename == expected.codename


def test_columns_are_all_where_none_is_named():
    assert Columns(ContentType, "about").number == 3
    assert str(Columns(ContentType, "about", "model")) == 'about."id", about."model"'


def test_a_column_that_is_none_is_refused():
    with pytest.raises(TypeError, match="nickname"):
        Columns(Permission, "permission", "nickname")


@isolate_apps("myapp.web")
def test_a_column_that_django_converts_is_refused():
    class Noted(models.Model):
        answers = models.JSONField()

        class Meta:
            app_label = "web"

    with pytest.raises(TypeError, match="answers"):
        Columns(Noted, "noted", "answers")
