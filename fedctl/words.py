"""Answers of the API as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any


def number(value: float) -> str:
    """A number as people write it."""
    return f"{value:g}"


def percent(share: float) -> str:
    """A share."""
    return f"{100 * share:.1f} %"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns under each other; what comes from the portal can't move the cursor or colour the screen."""
    lines = [list(head), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def plain(text: str) -> str:
    """Text without signs that a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def hubs(rows: Sequence[Mapping[str, Any]]) -> str:
    """All hubs."""
    if not rows:
        return "There is no hub.\n"
    head = ("hub", "state", "now", "weight", "effective", "promised", "address")
    return table(
        head,
        (
            (
                row["key"] + (" *" if row["prime"] else ""),
                row["state"],
                row["status"]["word"],
                number(row["weight"]),
                number(row["effective_weight"]),
                percent(row["promised_share"]),
                row["url"],
            )
            for row in rows
        ),
    )


def hub(row: Mapping[str, Any]) -> str:
    """One hub, and why it gets its traffic."""
    lines = [
        f"{row['name']} ({row['key']}) of {row['member']}" + (", the prime" if row["prime"] else ""),
        row["url"],
        f"{row['state']}, {row['status']['word']}"
        + (f": {row['status']['reason']}" if row["status"]["reason"] else ""),
        f"weight {number(row['weight'])}, promised {percent(row['promised_share'])}; "
        f"effective {number(row['effective_weight'])}, {percent(row['effective_share'])} now",
        *(f"  × {number(each['value'])} {each['name']}: {each['reason']}" for each in row["factors"]),
        *(f"  {'ok' if ok else 'NOT OK'}  {name}" for name, ok in row["checks"].items()),
    ]
    return "".join(f"{plain(line)}\n" for line in lines)


def status(found: Mapping[str, Any]) -> str:
    """The sentence, the hubs, what is on."""
    rows = [(each["name"], each["state"]["word"], each["state"]["reason"] or "") for each in found["hubs"]]
    parts = [f"{plain(found['status']['text'])}\n", table(("hub", "now", "why"), rows) if rows else ""]
    parts += [f"incident: {plain(each['title'])} (since {each['opened_at']})\n" for each in found["incidents"]]
    for each in found["maintenance"]:
        times = f"{each['starts_at']} to {each['ends_at'] or 'further notice'}"
        parts.append(f"maintenance: {each['hub']} {times}: {plain(each['text'])}\n")
    return "".join(parts)


def meetings(rows: Sequence[Mapping[str, Any]]) -> str:
    """The coming meetings, with what each is about."""
    if not rows:
        return "No meeting is planned.\n"
    return "".join(_meeting(row) for row in rows)


def _meeting(row: Mapping[str, Any]) -> str:
    """When in UTC and by the clock where it was planned, and its agenda."""
    on = " (on now)" if row["phase"] == "on" else ""
    lines = [f"{moment(row['starts_at'])}  {row['title']}, {row['minutes']} minutes{on}"]
    lines += [f"  {row['place']}"] if row.get("place") else []
    lines += [f"  - {each['title']} ({each['minutes']} min)" for each in row["agenda"]]
    return "".join(f"{plain(line)}\n" for line in lines)


def moment(text: str) -> str:
    """A moment of the API in UTC, to the minute."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text
