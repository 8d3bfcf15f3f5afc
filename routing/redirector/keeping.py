"""The keeper's process: runs the keeper, puts its views into the mailbox, hands the counts over."""

from __future__ import annotations

import asyncio

import structlog

from routing.redirector.counters import Counters
from routing.redirector.keeper import Keeper
from routing.redirector.mailbox import Mailbox, TooLarge
from routing.redirector.options import Options
from routing.redirector.view import View
from routing.redirector.worker import stop_when_told

log = structlog.get_logger(__name__)


def run(options: Options, counters: Counters, mailbox: Mailbox, lifeline: int) -> None:
    """Keep the workers supplied until told to stop."""
    asyncio.run(_run(options, counters, mailbox, lifeline))


async def _run(options: Options, counters: Counters, mailbox: Mailbox, lifeline: int) -> None:
    def publish(view: View) -> None:
        counters.assign(hub.key for hub in view.snapshot.hubs)
        try:
            mailbox.put(view)
        except TooLarge as error:
            log.error("the new table is not handed to the workers", reason=str(error))

    work = asyncio.ensure_future(Keeper(options, publish).run())
    stop_when_told(work.cancel, lifeline)
    try:
        await work
    except asyncio.CancelledError:
        return
