"""Hand the counts of redirects over to the portal, through Redis: a hash per UTC day, hub key to number.

What can't be handed over is kept, summed up, until it can. Each batch has a name that Redis remembers for a day, so one
whose answer was lost is not counted twice when it is sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from routing.redirector.conditions import Conditions
from routing.redirector.sources import REDIS_TIMEOUT
from routing.snapshot import REDIS_REDIRECTS

EVERY: Final = 2.0
LAST_TRY: Final = 3.0
KEEP_SECONDS: Final = 8 * 86_400
KEEP_DAYS: Final = 8
REMEMBER_BATCH: Final = 86_400
BATCH: Final = "federation:redirects:batch:{name}"
# KEYS: the batch's name, then a hash per day. ARGV: two life times, then (index of the day, hub key, number) each.
SCRIPT: Final = """
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
for place = 3, #ARGV, 3 do
  redis.call('HINCRBY', KEYS[tonumber(ARGV[place]) + 2], ARGV[place + 1], ARGV[place + 2])
end
for place = 2, #KEYS do redis.call('EXPIRE', KEYS[place], ARGV[2]) end
return 1
"""

Counts = dict[str, Counter[str]]


@dataclass
class Ledger:
    """What was counted and not yet handed over, by UTC day and hub key. Bounded: hubs times a few days."""

    seen: dict[str, int] = field(default_factory=dict)
    waiting: Counts = field(default_factory=dict)
    batch: Counts = field(default_factory=dict)
    name: str = ""

    def note(self, totals: Mapping[str, int], day: str) -> None:
        """Add what is new since the last look. A total that fell has begun anew."""
        for key, total in totals.items():
            before = self.seen.get(key, 0)
            new = total - before if total >= before else total
            if new:
                self.waiting.setdefault(day, Counter())[key] += new
            self.seen[key] = total
        for old in sorted(self.waiting)[:-KEEP_DAYS]:
            del self.waiting[old]

    def next_batch(self) -> Counts:
        """What to send now: the batch that may or may not have arrived, as it was, else all that waits."""
        if not self.batch:
            self.batch, self.waiting = self.waiting, {}
            self.name = secrets.token_hex(12)
        return self.batch

    def arrived(self) -> None:
        """The batch is in Redis."""
        self.batch = {}


async def hand_over(redis: Redis, read_totals: Callable[[], Mapping[str, int]]) -> None:
    """Hand over every few seconds until cancelled, and then once more."""
    ledger = Ledger()
    conditions = Conditions()
    try:
        while True:
            await _try(redis, ledger, read_totals, conditions)
            await asyncio.sleep(EVERY)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_TRY):
                await _try(redis, ledger, read_totals, conditions)


async def _try(
    redis: Redis, ledger: Ledger, read_totals: Callable[[], Mapping[str, int]], conditions: Conditions
) -> None:
    ledger.note(read_totals(), datetime.fromtimestamp(time.time(), tz=UTC).strftime("%Y-%m-%d"))
    try:
        # A second round empties what waited behind a batch of before.
        while ledger.next_batch():
            await _send(redis, ledger)
            ledger.arrived()
    except (RedisError, OSError, TimeoutError) as error:
        conditions.wrong("counts", f"kept until Redis takes them: {type(error).__name__}")
    else:
        conditions.right("counts")


async def _send(redis: Redis, ledger: Ledger) -> None:
    days = list(ledger.batch)
    numbers: list[Any] = []
    for place, day in enumerate(days):
        for key, number in ledger.batch[day].items():
            numbers += [place, key, number]
    keys = [BATCH.format(name=ledger.name), *(REDIS_REDIRECTS.format(day=day) for day in days)]
    async with asyncio.timeout(REDIS_TIMEOUT):
        await redis.eval(SCRIPT, len(keys), *keys, REMEMBER_BATCH, KEEP_SECONDS, *numbers)
