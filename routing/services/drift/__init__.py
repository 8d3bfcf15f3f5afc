"""Drift: how the lists that others keep of our hubs differ from the portal. Reads them, never writes to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from routing.services.drift import hosts, lists
from routing.services.drift.findings import Finding
from routing.services.exports import MAX_BYTES, CantEdit, facts
from routing.services.hosts_documents import DocumentError

READERS: Final = {
    "hosts": hosts.compare,
    "federation": lists.federation_yml,
    "status": lists.status_page,
    "matrix": lists.deploy_matrix,
    "grafana": lists.data_sources,
    "prometheus": lists.targets,
    "dns": lists.records,
}


class Unreadable(ValueError):
    """The file can't be compared; the text says why, and repeats nothing of it."""


@dataclass(frozen=True)
class Outcome:
    """Which lists a file holds (by the names of the exports), and what in them differs."""

    lists: tuple[str, ...]
    findings: tuple[Finding, ...]


def compare(content: bytes, name: str) -> Outcome:
    """Compare a file's content with the portal as it is now. `name` is what the sentences call the file."""
    text = _text(content)
    now = facts.read()
    found: dict[str, list[Finding]] = {}
    for each, reader in READERS.items():
        try:
            findings = reader(now, text, name)
        except (CantEdit, DocumentError) as error:
            raise Unreadable(f"It looks like {each}, but it can't be read: {str(error).rstrip('.')}.") from None
        if findings is not None:
            found[each] = findings
    if not found:
        raise Unreadable(f"It is none of the lists that the portal knows: {', '.join(READERS)}.")
    return Outcome(tuple(found), tuple(finding for each in found.values() for finding in each))


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise Unreadable(f"It is too big: {len(content):,} bytes, at most {MAX_BYTES:,}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("It is not UTF-8 text.") from None


__all__ = ["Finding", "Outcome", "Unreadable", "compare"]
