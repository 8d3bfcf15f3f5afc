"""Hand over what was counted, through Redis: for the pages of today a hash per UTC day, and for ever batches of usage.

What can't be handed over is kept, summed up, until it can. Each parcel has a name that Redis remembers for a day, and
each batch a number that the portal remembers, so nothing that is sent again is counted twice. The ledger is in memory
that outlives the keeper, written before each step that must not be done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from routing.redirector import ledger as ledgers
from routing.redirector import sightings
from routing.redirector.box import Box, TooLarge
from routing.redirector.conditions import Conditions
from routing.redirector.counters import Counters, Figures
from routing.redirector.ledger import Ledger, LedgerError, Parcel
from routing.redirector.ledger_file import LedgerFile
from routing.redirector.options import Options
from routing.redirector.sightings import Seen
from routing.redirector.sources import REDIS_TIMEOUT
from routing.repositories import name_of_key
from routing.snapshot import REDIS_REDIRECTS
from routing.usage_batches import MOST_WAITING, REDIS_USAGE

EVERY: Final = 2.0
USAGE_EVERY: Final = 10.0
SIGN_OF_LIFE_EVERY: Final = 60.0
LAST_TRY: Final = 3.0
KEEP_SECONDS: Final = 8 * 86_400
REMEMBER_PARCEL: Final = 86_400
PARCEL: Final = "federation:redirects:batch:{name}"
LARGEST_LEDGER: Final = 16 * 1024 * 1024  # bytes; memory that is never written costs nothing
# KEYS: the parcel's name, the list of batches, then a hash per day. ARGV: two life times, how many batches may wait,
# the batch or nothing, then (index of the day, hub key, number) each. Answers 1, or 2 without room for the batch.
SCRIPT: Final = """
local known = redis.call('GET', KEYS[1])
if known then return tonumber(known) end
local answer = 1
if ARGV[4] ~= '' then
  if redis.call('LLEN', KEYS[2]) < tonumber(ARGV[3]) then redis.call('RPUSH', KEYS[2], ARGV[4]) else answer = 2 end
end
for place = 5, #ARGV, 3 do
  redis.call('HINCRBY', KEYS[tonumber(ARGV[place]) + 3], ARGV[place + 1], ARGV[place + 2])
end
for place = 3, #KEYS do redis.call('EXPIRE', KEYS[place], ARGV[2]) end
redis.call('SET', KEYS[1], answer, 'EX', ARGV[1])
return answer
"""

log = structlog.get_logger(__name__)


class Tally:
    """Everything that is counted, where all processes of a redirector find it. Made before the first fork."""

    def __init__(self, counters: Counters, file: LedgerFile | None = None, workers: int = 1) -> None:
        self.counters = counters
        self.seen = [sightings.make_box() for _ in range(workers)]
        self.file = file or LedgerFile(None)
        self._box = Box(LARGEST_LEDGER)
        ledger = ledgers.begin(self.file.read())
        self.save(ledger)
        self.file.write(ledger)

    def load(self) -> Ledger:
        """The ledger as the keeper before this one left it."""
        document = self._box.take(self._box.number)
        try:
            return ledgers.read(document or b"")
        except LedgerError as error:
            log.error("counts of the keeper before are lost", reason=str(error))
            seen = {hub: list(counts) for hub, counts in self.counters.totals().items()}
            return Ledger(seen=seen, interruptions=1)

    def save(self, ledger: Ledger) -> None:
        """Keep the ledger for the keeper that may come after this one."""
        try:
            self._box.put(ledger.encode())
        except TooLarge:
            ledger.give_up_all()
            self._box.put(ledger.encode())
        self.counters.figures = Figures(ledger.waiting, ledger.lost, ledger.interruptions)

    def note(self, ledger: Ledger, now: float) -> None:
        """Take into the ledger what the workers counted since the last look."""
        at = datetime.fromtimestamp(now, tz=UTC)
        changed = ledger.note(self.counters.totals(), at)
        looks = [sightings.look(box) for box in self.seen]
        for worker, (number, seen) in enumerate(looks):
            if number:
                ledger.note_repositories(worker, number, self._named(seen), at)
                changed = True
        if changed:
            self.save(ledger)
        for box, (number, _) in zip(self.seen, looks, strict=True):
            if number:
                box.acknowledge(number)

    def _named(self, seen: Seen) -> Counter[tuple[str, str]]:
        hubs = {slot: key for key, slot in self.counters.slots().items()}
        named: Counter[tuple[str, str]] = Counter()
        for (slot, key), number in seen.items():
            name = name_of_key(key)
            if name is not None and slot in hubs:
                named[hubs[slot], name] += number
        return named


def tally_of(options: Options) -> Tally:
    """The tally of a redirector with these options."""
    path = Path(f"{options.cache}.counts") if options.cache and options.redis else None
    return Tally(Counters(options.workers), LedgerFile(path), options.workers)


class HandOver:
    """Hands over every few seconds until cancelled, and then once more."""

    def __init__(self, redis: Redis, tally: Tally, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._tally = tally
        self._clock = clock
        self._ledger = tally.load()
        self._conditions = Conditions()
        self._next_usage = 0.0
        self._next_sign = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        self._tally.file.write(self._ledger)
        try:
            while True:
                await self._try()
                await asyncio.sleep(EVERY)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_TRY):
                    await self._try(last=True)
            self._tally.file.close(self._ledger)

    async def _try(self, *, last: bool = False) -> None:
        self._tally.note(self._ledger, self._clock())
        try:
            await self._send_all(last=last)
        except (RedisError, OSError, TimeoutError) as error:
            self._conditions.wrong("counts", f"kept until Redis takes them: {type(error).__name__}")
        else:
            self._conditions.right("counts")
        self._tally.file.keep(self._ledger)

    async def _send_all(self, *, last: bool) -> None:
        """One parcel, and as many more as what waits behind it needs."""
        ledger, usage = self._ledger, last or self._usage_is_due()
        while (parcel := ledger.pack(usage=usage, last=last)) is not None:
            self._tally.save(ledger)
            self._tally.file.keep(ledger)
            taken = await self._send(parcel)
            ledger.arrived(usage=taken)
            self._tally.save(ledger)
            if parcel.document:
                self._schedule()
                usage = taken and bool(ledger.launches)
            if not taken:
                self._conditions.wrong("usage", "kept, for the portal does not take in what others handed over")
            elif parcel.document:
                self._conditions.right("usage")

    def _usage_is_due(self) -> bool:
        now = time.monotonic()
        waits = bool(self._ledger.launches or self._ledger.repositories)
        return now >= (self._next_usage if waits else self._next_sign)

    def _schedule(self) -> None:
        self._next_usage = time.monotonic() + USAGE_EVERY
        self._next_sign = time.monotonic() + SIGN_OF_LIFE_EVERY

    async def _send(self, parcel: Parcel) -> bool:
        """Whether the usage was taken, too, if there was any."""
        days = sorted({day for day, _, _ in parcel.days})
        numbers: list[Any] = []
        for day, hub, number in parcel.days:
            numbers += [days.index(day), hub, number]
        keys = [PARCEL.format(name=parcel.name), REDIS_USAGE, *(REDIS_REDIRECTS.format(day=day) for day in days)]
        limits = (REMEMBER_PARCEL, KEEP_SECONDS, MOST_WAITING)
        async with asyncio.timeout(REDIS_TIMEOUT):
            answer = await self._redis.eval(SCRIPT, len(keys), *keys, *limits, parcel.document, *numbers)
        return int(answer) == 1
