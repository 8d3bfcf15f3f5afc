"""Write one of the lists that others keep of the federation's hubs."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.services import exports


class Command(BaseCommand):
    """`manage.py export NAME [--form EXTENSION] [--into FILE]`."""

    help = (
        "Write an export to standard output, or with --into change only our part of a file that is there: comments and "
        "everything else in it stay as they are. Names: " + ", ".join(exports.BY_NAME) + "."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, in which form, and into which file."""
        parser.add_argument("name", choices=list(exports.BY_NAME), metavar="NAME")
        parser.add_argument("--form", default="", metavar="EXTENSION", help="another form than the usual, such as yaml")
        parser.add_argument("--into", type=Path, metavar="FILE", help="change our part of this file")
        parser.add_argument("--dry-run", action="store_true", help="with --into: write the changed file to the output")

    def handle(self, *, name: str, form: str, into: Path | None, dry_run: bool, **options: Any) -> None:  # noqa: ANN401
        """Write it; any fault ends with one sentence and changes nothing."""
        try:
            if into is None:
                self._print(exports.write(name, form))
            else:
                self._into(name, into, dry_run)
        except exports.NoSuchExport as error:
            raise CommandError(str(error)) from None
        except exports.CantEdit as error:
            raise CommandError(f"{into}: {error} Nothing was changed.") from None
        except OSError as error:
            raise CommandError(f"{into}: {error.strerror}. Nothing was changed.") from None

    def _into(self, name: str, file: Path, dry_run: bool) -> None:
        old = file.read_bytes()
        new = exports.into(name, old)
        if dry_run:
            self._print(new)
        elif new == old:
            self.stderr.write(f"{file}: nothing to change, it says what the portal says.")
        else:
            _replace(file, new)
            self.stderr.write(f"{file}: changed.")

    def _print(self, content: bytes) -> None:
        self.stdout.write(content.decode(), ending="")


def _replace(file: Path, content: bytes) -> None:
    """All of it or nothing, whenever the process dies; the file keeps its mode."""
    target = file.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, target.stat().st_mode & 0o7777)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
