"""The keeper's process: runs the keeper, puts its views into the mailbox, hands the counts over."""

from __future__ import annotations

import asyncio
import contextlib
import os

import structlog

from routing.redirector.counters import Counters
from routing.redirector.handover import hand_over
from routing.redirector.keeper import Hopeless, Keeper
from routing.redirector.mailbox import Mailbox, TooLarge
from routing.redirector.options import Options
from routing.redirector.sources import connect_redis
from routing.redirector.view import View
from routing.redirector.worker import stop_when_told

log = structlog.get_logger(__name__)


def run(options: Options, counters: Counters, mailbox: Mailbox, lifeline: int) -> None:
    """Keep the workers supplied until told to stop."""
    try:
        asyncio.run(_run(options, counters, mailbox, lifeline))
    except Hopeless as error:
        log.error("cannot start", reason=str(error))
        raise SystemExit(os.EX_CONFIG) from error


async def _run(options: Options, counters: Counters, mailbox: Mailbox, lifeline: int) -> None:
    def publish(view: View) -> None:
        counters.assign(hub.key for hub in view.snapshot.hubs)
        try:
            mailbox.put(view)
        except TooLarge as error:
            log.error("the new table is not handed to the workers", reason=str(error))

    work = asyncio.gather(Keeper(options, publish).run(), _hand_over(options, counters))
    stop_when_told(work.cancel, lifeline)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _hand_over(options: Options, counters: Counters) -> None:
    """Tell Redis how many redirects there were since the keeper before this one, if any, last took note."""
    if not options.redis:
        return
    before = counters.noted()

    def new() -> dict[str, int]:
        return {key: total - before.get(key, 0) for key, total in counters.take_note().items()}

    redis = connect_redis(options.redis)
    try:
        await hand_over(redis, new)
    finally:
        await redis.aclose()
