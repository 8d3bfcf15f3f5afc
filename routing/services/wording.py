"""Plain words for what programs say of a hub: they stand behind "GESIS is out:" and before "since 14:02"."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Final


class Name(str):
    """A name that somebody chose: in a sentence it keeps its own direction of writing."""

    __slots__ = ()


# A sentence with the names and the moments in it, which each page writes in its own way.
Words = tuple[str | Name | datetime, ...]

QUOTA: Final = "over its pod quota"
VERSIONS: Final = "running other versions than the rest of the federation"
SILENT: Final = "not answering"
SLOW: Final = "too slow to answer"
RULES: Final = (
    (r"^full: |pod quota fails$", QUOTA),
    (r"^drained: ", "emptied by its team (its pod quota is 0)"),
    (r"^runs other versions", VERSIONS),
    (r"refuses connections|can't be reached|took no connection|broke (it |the connection )?off", SILENT),
    (r"did not finish|slow", SLOW),
    (r"certificate that has expired", "using a certificate that has expired"),
    (r"certificate for another name", "using a certificate for another name"),
    (r"certificate|\bTLS\b", "without a secure connection that can be trusted"),
    (r"\bDNS\b|name without an address", "not found under its name"),
    (r"private address|public internet", "not reachable from the internet"),
    (r"with HTTP \d+|says it is unavailable", "answering that it is unavailable"),
    (
        r"JSON|not HTTP|no list of checks|makes no sense|too large|sent more than|redirects",
        "answering what can't be read",
    ),
)
CHECK_FAILS: Final = re.compile(r"(?P<check>.+) fails$")


def plain(reason: str) -> str:
    """Why a hub is not well, for everybody: the first two of its reasons, without what only operators understand."""
    clauses = [clause.strip() for clause in reason.split(";") if clause.strip()]
    failing = [found["check"] for found in map(CHECK_FAILS.fullmatch, clauses) if found and not _known(found.string)]
    rest = [_known(clause) or clause for clause in clauses if _known(clause) or not CHECK_FAILS.fullmatch(clause)]
    checks = [f"having trouble with its {listed(failing)}"] if failing else []
    return ", and ".join(list(dict.fromkeys([*checks, *rest]))[:2]) or "not well"


def _known(clause: str) -> str:
    return next((words for pattern, words in RULES if re.search(pattern, clause, re.IGNORECASE)), "")


def as_text(words: Words, today: date) -> str:
    """The words in one line of plain text, moments in UTC."""
    return as_line(words, lambda at: moment(at, today), str)


def as_line(words: Words, at: Callable[[datetime], str], name: Callable[[str], str]) -> str:
    """The words as one string, with moments and names written as the caller likes."""
    said = (
        at(each) if isinstance(each, datetime) else name(each) if isinstance(each, Name) else each for each in words
    )
    return "".join(said)


def moment(at: datetime, today: date) -> str:
    """A moment in UTC: the time alone for today's, the day with it for others, the year where it is another."""
    if at.date() == today:
        return f"{at:%H:%M} UTC"
    year = "" if at.year == today.year else f" {at.year}"
    return f"{at.day} {at:%b}{year}, {at:%H:%M} UTC"


def percent(share: float) -> str:
    """A share for people: one decimal, none where it says nothing."""
    return f"{100 * share:.1f}%".replace(".0%", "%")


def availability(share: float | None) -> str:
    """A share of time for people; what was not all of it is never rounded up to all of it."""
    if share is None:
        return "unknown"
    return "100%" if share >= 1 else f"{min(100 * share, 99.99):.2f}%"


def listed(names: list[str]) -> str:
    """Names as people say them: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
