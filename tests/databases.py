"""One migrated database for all workers and all runs; each worker has a copy of it in a tenth of a second.

Migrating takes twenty seconds. The first process that needs the database migrates, the others wait for it; what came
out is kept in pytest's cache until a migration, a model or what `migrate` ships changes. In a server that DATABASE_URL
names, the migrated database itself stays, as `test_template_…`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper
from pytest_django import DjangoDbBlocker

from dev.pytest_servers import STARTED
from dev.servers import newest_postgres

ROOT: Final = Path(__file__).parent.parent
# What the database looks like after `migrate` depends on these: tables, permissions, roles, texts.
SOURCES: Final = (
    "*/migrations/*.py",
    "*/models/*.py",
    "federation/roles.py",
    "federation/settings.py",
    "members/services/*texts.py",
    "requirements/*.lock",
)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """This worker's own database, in place of pytest-django's way, which migrates one for each worker."""
    name = connection.creation._get_test_db_name()
    cache = request.config.cache
    # Of a server that somebody else runs we keep no copy here.
    kept = cache.mkdir("databases") if cache and "DATABASE_URL" in os.environ.get(STARTED, "") else None
    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            template = migrated(cursor, kept)
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        use(name)
    yield
    with django_db_blocker.unblock():
        connection.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def migrated(cursor: CursorWrapper, kept: Path | None) -> str:
    """The name of a database as `migrate` leaves it, made now if need be; `kept` has what earlier runs made."""
    fingerprint = fingerprint_of_sources()
    name = f"test_template_{fingerprint}"
    # Others who want it wait here. The lock ends with the session, so a killed process leaves none.
    cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
    cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    if not cursor.rowcount:
        # Under another name until it is whole.
        half = f"{name}_half"
        cursor.execute(f"DROP DATABASE IF EXISTS {half} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {half}")
        fill(half, kept / f"{fingerprint}.sql" if kept else None)
        cursor.execute(f"ALTER DATABASE {half} RENAME TO {name}")
    cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])
    return name


def fill(name: str, dump: Path | None) -> None:
    """Fill an empty database: from what an earlier run kept, or by migrating."""
    programs, _ = newest_postgres()
    url = os.environ.get("DATABASE_URL", "").rsplit("/", 1)[0] + f"/{name}"
    if dump and dump.exists():
        run(programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}", url)
        return
    use(name)
    call_command("migrate", verbosity=0)
    connection.close()
    if dump:
        for old in dump.parent.glob("*.sql"):
            old.unlink(missing_ok=True)
        half = dump.with_suffix(".half")
        run(programs / "pg_dump", f"--file={half}", url)
        half.rename(dump)


def use(name: str) -> None:
    """Connect to that database from now on."""
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def run(program: Path, *arguments: str) -> None:
    """Run a program of Postgres's; what it says is said if it fails."""
    done = subprocess.run([program, *arguments], check=False, text=True, capture_output=True)
    if done.returncode:
        pytest.exit(f"{program.name} failed: {done.stderr}", 1)


def fingerprint_of_sources() -> str:
    """Changes when the database after `migrate` may look different."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
