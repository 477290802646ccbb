"""What a transaction holds, seen from elsewhere."""

from concurrent.futures import ThreadPoolExecutor

from django.db import OperationalError, connection, models, transaction


def is_held(row: models.Model) -> bool:
    """Return whether somebody who asks from another connection would have to wait for the row.

    For tests with `transaction=True`: elsewhere sees what is committed only.
    """

    def ask() -> bool:
        try:
            with transaction.atomic():
                type(row)._base_manager.select_for_update(nowait=True, of=("self",)).get(pk=row.pk)
        except OperationalError:
            return True
        finally:
            connection.close()
        return False

    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(ask).result()
