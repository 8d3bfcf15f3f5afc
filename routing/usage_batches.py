"""What a redirector hands over: how many launches went where, and why. The contract between the planes, in JSON.

A redirector numbers its batches from 1 and hands over the next one only when the one before has arrived, so that the
portal knows one that comes twice, and one that never came. Standard library only, so that both planes can read it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

SCHEMA: Final = 1

# A list in Redis: redirectors push at its end while it is not full, the portal takes from its beginning.
REDIS_USAGE: Final = "federation:usage"
MOST_WAITING: Final = 5_000  # batches in that list; beyond it redirectors keep their counts, summed up
MOST_REPOSITORIES: Final = 500  # of one batch: those with the most launches

LONGEST_NAME: Final = 200
_NAME: Final = re.compile(r"[a-z]+/[!-~]{1,190}", re.ASCII)
_REDIRECTOR: Final = re.compile(r"[0-9a-f]{8,32}", re.ASCII)
_REASON: Final = re.compile(r"[a-z]{1,16}", re.ASCII)
_GREATEST: Final = 2**53

Launches = tuple[datetime, str, str, int]  # the minute, the hub's key, the reason, how many
Repository = tuple[date, str, str, int]  # the day, the hub's key, the repository, how many


class BatchError(ValueError):
    """The document is no batch; the text says why."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One hand-over. `lost` are all launches that this redirector ever counted and could not keep; `last` its end."""

    redirector: str
    number: int
    launches: tuple[Launches, ...] = ()
    repositories: tuple[Repository, ...] = ()
    lost: int = 0
    interruptions: int = 0
    last: bool = False


def encode(batch: Batch) -> bytes:
    """The batch as a document."""
    document = {
        "schema": SCHEMA,
        "redirector": batch.redirector,
        "number": batch.number,
        "launches": [[f"{at:%Y-%m-%dT%H:%MZ}", *rest] for at, *rest in batch.launches],
        "repositories": [[day.isoformat(), *rest] for day, *rest in batch.repositories],
        "lost": batch.lost,
        "interruptions": batch.interruptions,
        "last": batch.last,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def decode(document: bytes) -> Batch:
    """The batch in a document; BatchError for anything else."""
    try:
        data = json.loads(document)
        if data["schema"] != SCHEMA:
            raise BatchError(f"schema {data['schema']!r}; this program knows {SCHEMA}")
        return Batch(
            redirector=_matching(_REDIRECTOR, data["redirector"]),
            number=_count(data["number"]),
            launches=tuple(_launches(*each) for each in data["launches"]),
            repositories=tuple(_repository(*each) for each in data["repositories"]),
            lost=_count(data["lost"]),
            interruptions=_count(data["interruptions"]),
            last=data["last"] is True,
        )
    except BatchError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise BatchError(f"{type(error).__name__}: {error}"[:200]) from error


def is_name(text: str) -> bool:
    """Whether this can be a repository's name: its provider, a slash and what the provider knows it by."""
    return _NAME.fullmatch(text) is not None


def _launches(minute: str, hub: str, reason: str, number: int) -> Launches:
    at = datetime.strptime(minute, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    return at, str(hub), _matching(_REASON, reason), _count(number)


def _repository(day: str, hub: str, name: str, number: int) -> Repository:
    return date.fromisoformat(day), str(hub), _matching(_NAME, name), _count(number)


def _count(value: Any) -> int:  # noqa: ANN401
    if type(value) is not int or not 0 <= value <= _GREATEST:
        raise BatchError(f"{value!r} is no count")
    return value


def _matching(shape: re.Pattern[str], text: Any) -> str:  # noqa: ANN401
    if not isinstance(text, str) or not shape.fullmatch(text):
        raise BatchError(f"{text!r} is not expected here"[:200])
    return text
