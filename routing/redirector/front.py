"""What one worker knows at this moment: its table, the second, its counts, and whether it is about to stop."""

from __future__ import annotations

import time
from collections.abc import Callable

from routing.redirector.answer import Moment, moment, redirect
from routing.redirector.counters import Counters
from routing.redirector.options import Options
from routing.redirector.sightings import Sightings, make_box
from routing.redirector.table import Table
from routing.redirector.view import View


class Front:
    """The state behind a worker's connections. Tables are swapped by one reference; nothing here waits."""

    def __init__(
        self,
        options: Options,
        counters: Counters,
        worker: int = 0,
        clock: Callable[[], float] = time.time,
        sightings: Sightings | None = None,
    ) -> None:
        self.options = options
        self.counters = counters
        self.counts = counters.region(worker)
        self.sightings = sightings or Sightings(make_box())
        self.see = self.sightings.see
        self.table: Table | None = None
        self.draining = False
        self.ticks = 1
        self.clock = clock
        self.moment: Moment = moment(clock(), 0.0)

    def install(self, view: View) -> Table:
        """Work with this view from now on; SnapshotError, and the old table stays, when it cannot be used."""
        self.table = Table(view, self.options, self.counters.slots(), before=self.table)
        self.renew_moment()
        return self.table

    def tick(self) -> None:
        """A second has passed, whatever the wall clock says."""
        self.ticks += 1
        self.renew_moment()

    def renew_moment(self) -> None:
        """Prepare what the answers of this second have in common."""
        self.moment = moment(self.clock(), 0.0 if self.table is None else self.table.cookie_age)

    def redirect(self, target: bytes, cookie: bytes | None, table: Table) -> bytes:
        """The answer to a launch, counted."""
        answer, cell = redirect(target, cookie, table, self.moment)
        self.counts[cell] += 1
        self.see((cell, target))
        return answer

    def visit(self, path: bytes, table: Table) -> bytes:
        """The hub that a launch of this path would go to, counted: where its visitor is sent when there is no proxy."""
        place, reason = table.choose(path)
        route = table.routes[place]
        self.counts[route.ways[reason][0]] += 1
        return route.url
