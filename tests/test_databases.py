"""The database that tests begin with."""

import os

import psycopg
import pytest
from django.db import connection

from dev.pytest_servers import STARTED
from tests import databases


@pytest.fixture
def kept(request):
    """Where the run keeps what came out of migrating."""
    if "DATABASE_URL" not in os.environ.get(STARTED, "") or request.config.cache is None:
        pytest.skip("the server is somebody else's, or pytest has no cache")
    return request.config.cache.mkdir("databases") / f"{databases.fingerprint_of_sources()}.sql"


def tables_and_permissions(name):
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(url) as session:
        tables = session.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        return tables, session.execute("SELECT count(*) FROM auth_permission").fetchone()


@pytest.mark.django_db
def test_what_a_run_kept_fills_the_next_ones_database_without_migrating(kept, monkeypatch, worker_id):
    monkeypatch.setattr(databases, "call_command", lambda *args, **options: pytest.fail("it migrates"))
    name = f"test_filled_{worker_id}"
    with connection._nodb_cursor() as cursor:
        template = databases.migrated(cursor, None)
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            databases.fill(name, kept)
            assert tables_and_permissions(name) == tables_and_permissions(template)
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_another_migration_makes_another_database(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "ROOT", tmp_path)
    (tmp_path / "members/migrations").mkdir(parents=True)
    before = databases.fingerprint_of_sources()
    (tmp_path / "members/migrations/0001_initial.py").write_text("class Migration: pass")
    assert databases.fingerprint_of_sources() != before
