"""Exports: the lists that others keep of the federation's hubs, written from the portal's facts, in their shapes.

Each is a pure function from the facts to text; the same facts give the same bytes. `into` changes only our part of a
file that is there and leaves every other byte alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from routing.services import feeds
from routing.services.exports import dns, federation, gatherings, grafana, hosts, matrix, prometheus, status, tables
from routing.services.exports.facts import Facts, read
from routing.services.exports.private import PRIVATE, PrivateTable
from routing.services.exports.yaml_text import CantEdit

BOM: Final = b"\xef\xbb\xbf"
MAX_BYTES: Final = 500_000


class NoSuchExport(LookupError):
    """There is no export of that name, or not in that form; the text says what there is."""


@dataclass(frozen=True)
class Form:
    """One form of an export: how its file name ends, what it is to a browser, and how it is written."""

    extension: str
    content_type: str
    write: Callable[[Facts], str]


@dataclass(frozen=True)
class Export:
    """One list: what it is for, its forms (the first is the usual one), and how a file that is there is changed."""

    name: str
    title: str
    purpose: str
    forms: tuple[Form, ...]
    edit: Callable[[Facts, str], str] | None = None

    def form(self, extension: str = "") -> Form:
        """The form of that extension; without one the usual form."""
        found = next((form for form in self.forms if extension in ("", form.extension)), None)
        if found is None:
            known = ", ".join(form.extension for form in self.forms)
            raise NoSuchExport(f"{self.name} comes as {known}, not as {extension}.")
        return found


def _calendar(facts: Facts) -> str:
    return feeds.maintenance(facts.portal).body.decode()


JSON: Final = "application/json"
YAML: Final = "application/yaml"
TEXT: Final = "text/plain; charset=utf-8"
CSV: Final = "text/csv; charset=utf-8"

ALL: Final = (
    Export(
        "hosts",
        "The redirector's hubs",
        "config.json of the redirector, and the block federationRedirect of config/prod.yaml.",
        (Form("json", JSON, hosts.write_json), Form("yaml", YAML, hosts.write_yaml)),
        hosts.edit,
    ),
    Export(
        "federation",
        "The list of members",
        "federation.yml of the user guide: who funds and runs which hub, past ones too.",
        (Form("yml", YAML, federation.write),),
        federation.edit,
    ),
    Export(
        "status",
        "The status page's hubs",
        "fedUrls in status.js of the user guide, and the table in status.rst.",
        (Form("js", "text/javascript; charset=utf-8", status.write_js), Form("rst", TEXT, status.write_rst)),
        status.edit,
    ),
    Export(
        "matrix",
        "The deploy matrix",
        "What the continuous deployment goes through, hub by hub.",
        (Form("yml", YAML, matrix.write_yaml), Form("json", JSON, matrix.write_json)),
        matrix.edit,
    ),
    Export(
        "grafana",
        "Grafana's data sources",
        "Every hub's Prometheus: a provisioning file, or the list for Grafana's own API.",
        (Form("yaml", YAML, grafana.write_yaml), Form("json", JSON, grafana.write_json)),
        grafana.edit,
    ),
    Export(
        "prometheus",
        "Prometheus' targets",
        "HTTP service discovery: point http_sd_configs at this address.",
        (Form("json", JSON, prometheus.write),),
    ),
    Export(
        "dns",
        "DNS records",
        "A records of the hubs' names in the federation's own domain.",
        (Form("txt", TEXT, dns.write),),
    ),
    Export(
        "calendar",
        "Planned maintenance",
        "To subscribe to from any calendar.",
        (Form("ics", "text/calendar; charset=utf-8", _calendar),),
    ),
    Export(
        "meetings",
        "Meetings",
        "To subscribe to from any calendar, or as a table.",
        (
            Form("ics", "text/calendar; charset=utf-8", gatherings.calendar),
            Form("csv", CSV, gatherings.meetings),
        ),
    ),
    Export(
        "federation-reports",
        "Monthly reports in figures",
        "One row for each month that was published.",
        (Form("csv", CSV, gatherings.reports),),
    ),
    Export("hubs", "All hubs as a table", "For spreadsheets.", (Form("csv", CSV, tables.hubs),)),
    Export("members", "All members as a table", "For spreadsheets.", (Form("csv", CSV, tables.members),)),
)
BY_NAME: Final = {export.name: export for export in ALL}


def find(name: str) -> Export:
    """The export of that name."""
    if name not in BY_NAME:
        raise NoSuchExport(f"There is no export {name!r}, only {', '.join(BY_NAME)}.")
    return BY_NAME[name]


def write(name: str, extension: str = "") -> bytes:
    """An export as it is now, in one of its forms."""
    return find(name).form(extension).write(read()).encode()


def into(name: str, content: bytes) -> bytes:
    """The file's content with our part as the portal has it; CantEdit, which says why, if that can't be done."""
    edit = find(name).edit
    if edit is None:
        raise CantEdit(f"{name} can't be put into a file that is there: write it to a new one.")
    if len(content) > MAX_BYTES:
        raise CantEdit(f"The file is too big: {len(content)} bytes, at most {MAX_BYTES}.")
    mark = BOM if content.startswith(BOM) else b""
    try:
        text = content[len(mark) :].decode()
    except UnicodeDecodeError:
        raise CantEdit("The file is not UTF-8 text.") from None
    return mark + edit(read(), text).encode()


__all__ = [
    "ALL",
    "BY_NAME",
    "CSV",
    "PRIVATE",
    "CantEdit",
    "Export",
    "Form",
    "NoSuchExport",
    "PrivateTable",
    "find",
    "into",
    "write",
]
