"""What was counted and not handed over, in bounded memory; and what is on its way, until it is known to be there."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from routing.redirector.counters import REASONS
from routing.redirector.heavy import HeavyHitters
from routing.usage_batches import MOST_REPOSITORIES, Batch, decode, encode

KEEP_DAYS: Final = 8
# Pairs of hub and repository that are kept of each day; those beyond it are the rare ones.
REPOSITORIES: Final = 500
# Numbers by minute, hub and reason: with twenty hubs half a day of minutes. Then minutes become hours: two weeks more.
MOST_CELLS: Final = 20_000
YOUNG: Final = 60  # minutes that stay minutes
MOST_ROWS: Final = 5_000  # of those in one batch

Totals = Mapping[str, Sequence[int]]  # by hub key, all redirects until now for each of REASONS
Minute = str  # 2026-11-23T09:12, UTC; its first ten letters are the day
Cell = tuple[Minute, str, str]
Named = Mapping[tuple[str, str], int]  # by hub key and repository


class LedgerError(ValueError):
    """The document is no ledger; the text says why."""


@dataclass
class Parcel:
    """What was sent and may or may not have arrived: redirects by day and hub, and a batch of usage, or none.

    Redis knows it by its name, the portal knows the batch by its number.
    """

    name: str
    days: list[tuple[str, str, int]]
    document: str = ""


@dataclass
class Ledger:
    """One redirector's, from its start to its end."""

    redirector: str = field(default_factory=lambda: secrets.token_hex(8))
    number: int = 0  # of the last batch that arrived
    seen: dict[str, list[int]] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)  # by worker, the number of the last sightings
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    launches: Counter[Cell] = field(default_factory=Counter)
    repositories: dict[str, HeavyHitters[tuple[str, str]]] = field(default_factory=dict)
    parcel: Parcel | None = None
    lost: int = 0
    interruptions: int = 0
    closed: bool = False

    @property
    def waiting(self) -> int:
        """Launches that the portal does not know of, as far as is known here."""
        under_way = decode(self.parcel.document.encode()) if self.parcel and self.parcel.document else None
        return sum(self.launches.values()) + (sum(number for *_, number in under_way.launches) if under_way else 0)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to hand over."""
        return not (self.days or self.launches or self.parcel)

    def note(self, totals: Totals, at: datetime) -> bool:
        """Add what is new since the last look; whether anything is."""
        minute, new = f"{at:%Y-%m-%dT%H:%M}", False
        for hub, counts in totals.items():
            before = self.seen.get(hub) or [0] * len(counts)
            for reason, count, was in zip(REASONS, counts, before, strict=True):
                if count > was:
                    self.launches[minute, hub, reason] += count - was
                    self.days[minute[:10], hub] += count - was
                    new = True
            self.seen[hub] = list(counts)
        if new:
            self._bound()
        return new

    def note_repositories(self, worker: int, number: int, named: Named, at: datetime) -> None:
        """Add what a worker saw; nothing if it was added before."""
        if self.taken.get(worker, 0) >= number:
            return
        self.taken[worker] = number
        day = self.repositories.setdefault(f"{at:%Y-%m-%d}", HeavyHitters(REPOSITORIES))
        for key, count in named.items():
            day.add(key, count)

    def pack(self, *, usage: bool, last: bool = False) -> Parcel | None:
        """What to send now: what may or may not have arrived, as it was, else what waits; None for nothing.

        Usage goes along when it is its turn.
        """
        if self.parcel is None and (usage or self.days):
            days = [(day, hub, number) for (day, hub), number in self.days.items()]
            self.days.clear()
            document = encode(self._batch(last=last)).decode() if usage else ""
            self.parcel = Parcel(secrets.token_hex(12), days, document)
        return self.parcel

    def arrived(self, *, usage: bool) -> None:
        """The parcel is in Redis, with its usage or, because there are too many batches already, without."""
        document = self.parcel.document if self.parcel else ""
        self.parcel = None
        if document:
            batch = decode(document.encode())
            if not usage:
                self._take_back(batch)
            elif batch.redirector == self.redirector:
                self.number = batch.number

    def forget_days(self) -> None:
        """Days that nobody asks for any more."""
        newest = sorted({day for day, _ in self.days})[-KEEP_DAYS:]
        for key in [key for key in self.days if key[0] not in newest]:
            del self.days[key]
        for day in sorted(self.repositories)[:-KEEP_DAYS]:
            del self.repositories[day]

    def give_up_all(self) -> None:
        """Nothing that waits can be kept."""
        self.lost += sum(self.launches.values())
        self.launches.clear()
        self.repositories.clear()

    def check(self) -> None:
        """ValueError if this can't be handed over."""
        for minute, _, _ in self.launches:
            _moment(minute)
        for day in self.repositories:
            date.fromisoformat(day)

    def _batch(self, *, last: bool) -> Batch:
        cells = sorted(self.launches)[:MOST_ROWS]
        launches = tuple((_moment(cell[0]), cell[1], cell[2], self.launches.pop(cell)) for cell in cells)
        top = sorted(self._named(), key=lambda each: -each[3])[:MOST_REPOSITORIES]
        self.repositories.clear()
        return Batch(
            redirector=self.redirector,
            number=self.number + 1,
            launches=launches,
            repositories=tuple((date.fromisoformat(day), hub, name, number) for day, hub, name, number in top),
            lost=self.lost,
            interruptions=self.interruptions,
            last=last,
        )

    def _named(self) -> list[tuple[str, str, str, int]]:
        return [(day, *key, number) for day, found in self.repositories.items() for key, number in found.items()]

    def _take_back(self, batch: Batch) -> None:
        for at, hub, reason, number in batch.launches:
            self.launches[f"{at:%Y-%m-%dT%H:%M}", hub, reason] += number
        for day, hub, name, number in batch.repositories:
            self.repositories.setdefault(day.isoformat(), HeavyHitters(REPOSITORIES)).add((hub, name), number)

    def _bound(self) -> None:
        self.forget_days()
        if len(self.launches) <= MOST_CELLS:
            return
        young = set(sorted({minute for minute, _, _ in self.launches})[-YOUNG:])
        folded: Counter[Cell] = Counter()
        for (minute, hub, reason), number in self.launches.items():
            folded[minute if minute in young else f"{minute[:13]}:00", hub, reason] += number
        for cell in sorted(folded)[: max(0, len(folded) - MOST_CELLS)]:
            self.lost += folded.pop(cell)
        self.launches = folded

    def encode(self) -> bytes:
        """All of it, as JSON."""
        return json.dumps(
            {
                "redirector": self.redirector,
                "number": self.number,
                "seen": self.seen,
                "taken": list(self.taken.items()),
                "days": [(*key, number) for key, number in self.days.items()],
                "launches": [(*cell, number) for cell, number in self.launches.items()],
                "repositories": self._named(),
                "parcel": vars(self.parcel) if self.parcel else None,
                "lost": self.lost,
                "interruptions": self.interruptions,
                "closed": self.closed,
            }
        ).encode()


def read(document: bytes) -> Ledger:
    """A ledger as it was written; LedgerError for anything else."""
    try:
        data = json.loads(document)
        ledger = Ledger(
            redirector=str(data["redirector"]),
            number=int(data["number"]),
            seen={str(hub): [int(each) for each in counts] for hub, counts in data["seen"].items()},
            taken=dict(data["taken"]),
            days=_counter(data["days"]),
            launches=_counter(data["launches"]),
            parcel=_parcel(data["parcel"]),
            lost=int(data["lost"]),
            interruptions=int(data["interruptions"]),
            closed=data["closed"] is True,
        )
        for day, hub, name, number in data["repositories"]:
            ledger.repositories.setdefault(str(day), HeavyHitters(REPOSITORIES)).add((str(hub), str(name)), int(number))
        ledger.check()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise LedgerError(f"{error!r}"[:200]) from error
    return ledger


def begin(before: Ledger | None) -> Ledger:
    """The ledger of a redirector that starts, with what the one before it left behind.

    Under a name of its own: how far the one before came is not certain, but what was under way keeps its number.
    """
    if before is None:
        return Ledger()
    return Ledger(
        days=before.days,
        launches=before.launches,
        repositories=before.repositories,
        parcel=before.parcel,
        interruptions=0 if before.closed else 1,
    )


def _counter(rows: Iterable[Sequence[Any]]) -> Counter[Any]:
    return Counter({tuple(str(part) for part in key): int(number) for *key, number in rows})


def _parcel(data: Mapping[str, Any] | None) -> Parcel | None:
    if data is None:
        return None
    days = [(str(day), str(hub), int(number)) for day, hub, number in data["days"]]
    if data["document"]:
        decode(str(data["document"]).encode())
    return Parcel(str(data["name"]), days, str(data["document"]))


def _moment(minute: Minute) -> datetime:
    return datetime.strptime(minute, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
