"""Brings a database up to date before the processes of `make run` start: migrations, then the demo federation."""

from __future__ import annotations

import os
import sys

import django
from django.core.management import call_command, get_commands
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def main() -> int:
    """Do what is missing, which mostly is nothing; the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "federation.settings")
    django.setup()
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
            print("The tables are up to date.")
        if "load_demo" in get_commands():
            call_command("load_demo")
    except DatabaseError as error:
        print(f"The database cannot be used: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
