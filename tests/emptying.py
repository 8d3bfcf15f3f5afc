"""Empties the database after a test that committed, in milliseconds.

Django's own way truncates every table and makes all permissions and roles anew: half a second to two for each such
test. Ours deletes the rows of the tables that have some and leaves alone what `migrate` put there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

from members.services.recipients import MAINTAINERS

# Made by `migrate`, the same for all tests; a transactional test that changes them must put them back.
KEPT: Final = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "members_text",
}


def empty() -> None:
    """Delete every row that tests made, past the triggers and foreign keys that would keep it."""
    with transaction.atomic(), connection.cursor() as cursor:
        names = [name for name in connection.introspection.table_names(cursor) if name not in KEPT]
        quoted = {name: connection.ops.quote_name(name) for name in names}
        # S608: the names are those of our own tables.
        asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (TABLE {quoted[name]})" for name in names)
        cursor.execute(asked)
        full = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in full:
            cursor.execute(f"DELETE FROM {quoted[name]}")
        cursor.execute("DELETE FROM auth_group WHERE name <> %s", [MAINTAINERS])


def is_superuser() -> bool:
    """Whether the database lets us pass by triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        return bool(cursor.fetchone() == ("on",))


@pytest.fixture(autouse=True, scope="session")
def quick_emptying() -> Iterator[None]:
    """Use it wherever the database lets us."""
    djangos = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        empty() if is_superuser() else djangos(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield
