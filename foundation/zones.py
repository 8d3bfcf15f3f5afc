"""Times as people type them, in the time zone they name, as moments."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

# Not Etc, nor the outdated names of countries.
CONTINENTS: Final = frozenset(
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]
)


class ZoneError(ValueError):
    """The time names no moment; the text says why."""


@cache
def names() -> tuple[str, ...]:
    """The zones that are understood: UTC, then places, also by the names that they had before."""
    return ("UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS))


@cache
def places() -> tuple[str, ...]:
    """The zones to choose from: UTC, then places, each by its name of today."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines()
    listed = {line.split("\t")[2] for line in table if line and not line.startswith("#")}
    return tuple(name for name in names() if name == "UTC" or name in listed)


def choices(kept: str = "") -> list[tuple[str, str]]:
    """For a form: the places, and what is kept on the record under a name of before."""
    found = [*places(), *([kept] if kept in names() and kept not in places() else [])]
    return [(name, name.replace("_", " ")) for name in found]


def moment(typed: datetime, zone: str) -> datetime:
    """The moment, in UTC, at which clocks in the zone show what was typed.

    A time that comes twice, when clocks are set back, is the earlier one; one that is skipped is a ZoneError.
    """
    if zone not in names():
        raise ZoneError(f"There is no time zone {zone!r}.")
    local = typed.replace(tzinfo=ZoneInfo(zone), fold=0)
    try:
        at = local.astimezone(UTC)
    except OverflowError as error:
        raise ZoneError(f"There is no year {typed.year} in this calendar's reach.") from error
    if at.astimezone(local.tzinfo).replace(tzinfo=None) != typed.replace(tzinfo=None, fold=0):
        raise ZoneError(f"{typed:%H:%M on %d %B %Y} does not exist in {zone}: clocks are set forward over it.")
    return at


def said(at: datetime) -> str:
    """A moment in a sentence."""
    return f"{at.astimezone(UTC):%d %B %Y, %H:%M} UTC"
