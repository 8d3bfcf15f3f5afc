"""Load the demo federation into the database."""

from __future__ import annotations

import os
import secrets

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import federation


class Command(BaseCommand):
    """`manage.py load_demo`: safe to run at every start."""

    help = (
        "Loads invented organisations with a demo hub each, and the user “maintainer” with the password in "
        "DEMO_PASSWORD. Changes nothing in a federation that is there already."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The hubs' addresses may be given."""
        parser.add_argument(
            "--hubs", nargs=len(federation.HUBS), metavar="URL", help="where the demo hubs are (see DEMO_HUBS_URL)"
        )

    def handle(self, *, hubs: list[str] | None, **_options: object) -> None:
        """Load, and say what was done."""
        if settings.PRODUCTION:
            raise CommandError("This is a production: the demo federation does not belong here.")
        password = os.environ.get("DEMO_PASSWORD", "")
        try:
            urls = hubs or federation.hub_urls(settings.DEMO_HUBS_URL or "http://127.0.0.1:8090")
        except ValueError as error:
            raise CommandError(str(error)) from error
        made_up = password or secrets.token_urlsafe(12)
        said = federation.load(urls, made_up)
        for sentence in said:
            self.stdout.write(sentence)
        if not password and said[0].startswith("Made"):
            self.stdout.write(f"Its password is {made_up}")
