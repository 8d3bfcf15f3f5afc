"""Tables for spreadsheets, of what is public."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from foundation import spreadsheets
from routing.services import weights
from routing.services.exports.facts import Facts


def hubs(facts: Facts) -> str:
    """Every hub, past ones too."""
    shares = weights.shares(each.hub for each in facts.published)
    head = (
        "key",
        "name",
        "member",
        "state",
        "prime",
        "weight",
        "promised share",
        "address",
        "Helm release",
        "Grafana",
        "origin",
        "registry",
    )
    return table(
        head,
        (
            (
                each.key,
                each.hub.name,
                each.member.slug,
                each.hub.state,
                "yes" if each.hub.prime else "no",
                weights.shown(each.hub.weight),
                f"{shares.get(each.key, 0):.4f}",
                each.url,
                each.release,
                each.grafana_name,
                each.origin,
                each.hub.registry_host,
            )
            for each in facts.hubs
        ),
    )


def members(facts: Facts) -> str:
    """Every member that the public knows of, past ones too."""
    head = (
        "slug",
        "name",
        "state",
        "operation",
        "website",
        "summary",
        "funded by",
        "funder's website",
        "run by",
        "operator's website",
        "since",
        "until",
        "hubs",
    )
    keys: dict[int, list[str]] = {}
    for each in facts.hubs:
        keys.setdefault(each.member.pk, []).append(each.key)
    return table(
        head,
        (
            (
                member.slug,
                member.name,
                member.state,
                member.mode,
                member.website,
                member.summary,
                member.funded_by,
                member.funded_by_url,
                member.run_by,
                member.run_by_url,
                member.since.isoformat() if member.since else "",
                member.until.isoformat() if member.until else "",
                " ".join(keys.get(member.pk, [])),
            )
            for member in facts.members
        ),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under a head (RFC 4180), that no spreadsheet calculates with."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([spreadsheets.guard(cell) for cell in row] for row in rows)
    return stream.getvalue()
