"""Import hubs from the redirector's config.json or from a Helm values file in YAML."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from foundation import reasons
from routing.services import hosts_documents, hosts_import


class Command(BaseCommand):
    """`manage.py import_hosts FILE [--dry-run] [--reason TEXT]`: all of the file's hubs or nothing."""

    help = (
        "Import hubs, weights and check settings from the redirector's config.json, or from the federationRedirect "
        "block of a YAML file such as config/prod.yaml. Nothing else of the file is read. Safe to run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whether to do it."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the history of weights")

    def handle(self, *, file: Path, dry_run: bool, reason: str, **options: Any) -> None:  # noqa: ANN401
        """Import, and say what was done; any fault ends with one sentence and changes nothing."""
        try:
            with file.open("rb") as stream:
                content = stream.read(hosts_documents.MAX_BYTES + 1)
            report = hosts_import.run(content, name=file.name, reason=reason, dry_run=dry_run)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        except (hosts_import.ImportFailed, reasons.NoReason) as error:
            raise CommandError(f"{file}: {str(error).rstrip('.')}. Nothing was changed.") from None
        self._tell(report, dry_run=dry_run)

    def _tell(self, report: hosts_import.Report, *, dry_run: bool) -> None:
        would = "would " if dry_run else ""
        for verb, lines in (
            ("add", report.adds),
            ("change", report.changes),
            ("leave", report.leaves),
            ("skip", report.skips),
            ("note", report.notes),
        ):
            for line in lines:
                self.stdout.write(f"{would if verb != 'note' else ''}{verb}  {line}")
        if dry_run:
            self.stdout.write("This was a dry run: nothing was changed.")
        elif not (report.adds or report.changes):
            self.stdout.write("Nothing to do: everything is as the file says.")
