"""Say how lists that others keep of our hubs differ from the portal."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

from routing.services import drift
from routing.services.drift import reports, sources
from routing.services.exports import MAX_BYTES


class Command(BaseCommand):
    """`manage.py drift FILE|URL… [--json | --markdown]`: exit 1 if something differs, 2 if it can't be compared."""

    help = (
        "Compare files or addresses with the portal: the redirector's hosts, federation.yml, status.js and status.rst, "
        "the deploy matrix, Grafana's data sources, Prometheus' targets, a DNS zone. Nothing is ever written to them. "
        "Exit 1 if something differs, 2 if something can't be compared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to compare, and how to say it."""
        parser.add_argument("places", nargs="+", metavar="FILE|URL")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="for programs")
        form.add_argument("--markdown", action="store_true", help="ready to be an issue")

    def handle(self, *, places: list[str], json: bool, markdown: bool, **options: Any) -> None:  # noqa: ANN401
        """Compare each, say what was found, and end with the code."""
        found = [_look(place) for place in places]
        if json:
            text = reports.as_json(found)
        elif markdown:
            text = reports.as_markdown(found, settings.PORTAL_URL)
        else:
            text = reports.as_text(found)
        self.stdout.write(text, ending="")
        code = 1 if any(each.findings for each in found) else 2 if any(each.problem for each in found) else 0
        if code:
            sys.exit(code)


def _look(place: str) -> reports.Report:
    is_address = place.startswith(("https://", "http://"))
    name = PurePosixPath(urlsplit(place).path).name or place if is_address else Path(place).name
    try:
        outcome = drift.compare(asyncio.run(sources.fetch(place)) if is_address else _read(Path(place)), name)
    except OSError as error:
        return reports.Report(name, problem=f"{error.strerror or error}.")
    except drift.Unreadable as error:
        return reports.Report(name, problem=str(error))
    return reports.Report(name, outcome.lists, outcome.findings)


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
