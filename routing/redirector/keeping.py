"""The keeper's process: runs the keeper, puts its views into the mailbox, hands the counts over."""

from __future__ import annotations

import asyncio
import contextlib
import os

import structlog

from routing.redirector.handover import HandOver, Tally
from routing.redirector.keeper import Hopeless, Keeper, for_ever
from routing.redirector.mailbox import Mailbox, TooLarge
from routing.redirector.options import Options
from routing.redirector.sources import connect_redis
from routing.redirector.view import View
from routing.redirector.worker import stop_when_told

log = structlog.get_logger(__name__)


def run(options: Options, tally: Tally, mailbox: Mailbox, lifeline: int) -> None:
    """Keep the workers supplied until told to stop."""
    try:
        asyncio.run(_run(options, tally, mailbox, lifeline))
    except Hopeless as error:
        log.error("cannot start", reason=str(error))
        raise SystemExit(os.EX_CONFIG) from error


async def _run(options: Options, tally: Tally, mailbox: Mailbox, lifeline: int) -> None:
    def publish(view: View) -> None:
        tally.counters.assign(hub.key for hub in view.snapshot.hubs)
        try:
            mailbox.put(view)
        except TooLarge as error:
            log.error("the new table is not handed to the workers", reason=str(error))

    work = asyncio.gather(Keeper(options, publish).run(), _hand_over(options, tally))
    stop_when_told(work.cancel, lifeline)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _hand_over(options: Options, tally: Tally) -> None:
    """Tell Redis, where there is one, what the workers counted."""
    if not options.redis:
        return
    redis = connect_redis(options.redis)
    try:
        await for_ever(lambda: HandOver(redis, tally).run())
    finally:
        await redis.aclose()
