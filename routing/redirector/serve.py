"""The redirector's first process: binds the address, starts the keeper and the workers, and starts them again.

It has no event loop and no threads, so it may fork at any time; what all its children share is made here before the
first fork. Whoever of them dies is replaced, and the others do not notice: a worker finds the newest table in the
mailbox, a new keeper goes on from its sources, and meanwhile the workers serve by the table they have.

SIGTERM and SIGINT stop it gracefully; a second Ctrl-C stops it at once. SIGHUP starts the keeper anew, which reads its
config file again.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from routing.redirector import keeping, worker
from routing.redirector.front import Front
from routing.redirector.handover import tally_of
from routing.redirector.listening import address_of, admit_no_more, bind
from routing.redirector.mailbox import Mailbox
from routing.redirector.options import Options
from routing.redirector.sightings import Sightings

SETTLED: Final = 5.0  # seconds after which a child that dies is started again at once
LONGEST_PAUSE: Final = 10.0
MARGIN: Final = 3.0  # seconds beyond the graceful time-out before a child is killed

log = structlog.get_logger(__name__)


@dataclass
class Child:
    """A part of the redirector that has its own process."""

    name: str
    main: Callable[[int], None]
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    pause: float = 0.1


class Supervisor:
    """Keeps one keeper and some workers running."""

    def __init__(self, options: Options, listener: socket.socket) -> None:
        self.options = options
        self.listener = listener
        self.mailbox = Mailbox()
        self.tally = tally_of(options)
        self.children = [Child("keeper", self._keep)]
        self.children += [Child(f"worker {number}", self._serve(number)) for number in range(options.workers)]
        self._lifeline, self._life = os.pipe()
        self._told, tell = os.pipe()
        os.set_blocking(tell, False)
        os.set_blocking(self._told, False)
        signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def run(self) -> int:
        """Run until stopped; the exit status."""
        gc.freeze()  # what is loaded by now stays shared with the children
        while True:
            self._start_those_due()
            for number in self._wait():
                if number in (signal.SIGTERM, signal.SIGINT):
                    log.info("stopping", seconds_at_most=self.options.graceful_timeout)
                    return self._stop(0)
                if number == signal.SIGHUP:
                    log.info("starting the keeper anew")
                    self._signal(signal.SIGTERM, self.children[:1])
            if self._reap(time.monotonic()):
                return self._stop(os.EX_CONFIG)

    def _keep(self, lifeline: int) -> None:
        self.listener.close()
        keeping.run(self.options, self.tally, self.mailbox, lifeline)

    def _serve(self, number: int) -> Callable[[int], None]:
        def main(lifeline: int) -> None:
            sightings = Sightings(self.tally.seen[number])
            front = Front(self.options, self.tally.counters, number, sightings=sightings)
            worker.run(front, self.listener, self.mailbox, lifeline)

        return main

    def _start_those_due(self) -> None:
        for child in self.children:
            if not child.pid and child.due <= time.monotonic():
                self._start(child)

    def _start(self, child: Child) -> None:
        child.started = time.monotonic()
        # Told to stop before it listens for that, a child would die on the spot instead of finishing its work.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        child.pid = os.fork()
        if not child.pid:
            os._exit(self._be(child))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def _be(self, child: Child) -> int:
        """In the child: its whole life. Whatever happens, nothing of the parent's code runs on."""
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.close(self._life)
            child.main(self._lifeline)
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("died of an error", child=child.name)
            return 1
        finally:
            logging.shutdown()
        return 0

    def _wait(self) -> bytes:
        """The signals that came, or none after a while."""
        pauses = [child.due - time.monotonic() for child in self.children if not child.pid]
        select.select([self._told], [], [], max(0.0, min([*pauses, 60.0])))
        try:
            return os.read(self._told, 1024)
        except BlockingIOError:
            return b""

    def _reap(self, now: float) -> bool:
        """Note who died and when it is due again; whether it is hopeless: there was never a table and can be none."""
        hopeless = False
        while (ended := _ended()) is not None:
            pid, status = ended
            for child in [each for each in self.children if each.pid == pid]:
                code = os.waitstatus_to_exitcode(status)
                child.pause = 0.1 if now - child.started > SETTLED else min(2 * child.pause, LONGEST_PAUSE)
                child.pid, child.due = 0, now if child.pause <= 0.1 else now + child.pause
                if code == os.EX_CONFIG and self.mailbox.number == 0:
                    hopeless = True
                else:
                    log.warning("ended, is started again", child=child.name, code=code)
        return hopeless

    def _stop(self, code: int) -> int:
        """Workers first, then the keeper, so that the last redirects are still handed over."""
        admit_no_more(self.listener)
        self.listener.close()
        keeper, workers = self.children[0], self.children[1:]
        if not keeper.pid and not code:
            self._start(keeper)
        for group in (workers, [keeper]):
            self._signal(signal.SIGTERM, group)
            self._see_off(group, time.monotonic() + self.options.graceful_timeout + MARGIN)
        log.info("stopped")
        return code

    def _see_off(self, group: list[Child], deadline: float) -> None:
        while any(child.pid for child in group):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._told], [], [], max(0.0, left))
            told = os.read(self._told, 1024) if ready else b""
            if left <= 0 or signal.SIGINT in told:
                self._signal(signal.SIGKILL, group)
            while (ended := _ended()) is not None:
                for child in self.children:
                    child.pid = 0 if child.pid == ended[0] else child.pid

    def _signal(self, number: signal.Signals, children: list[Child]) -> None:
        for child in children:
            if child.pid:
                os.kill(child.pid, number)


def _ended() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def serve(options: Options) -> int:
    """Be the redirector; the exit status."""
    try:
        listener = bind(options.host, options.port)
    except OSError as error:
        sys.stderr.write(f"The redirector cannot listen on {options.host} port {options.port}: {error.strerror}.\n")
        return 1
    address = address_of(listener)
    log.info("listening", address=address, workers=options.workers)
    sys.stdout.write(f"The redirector is at {address}\n")
    sys.stdout.flush()
    return Supervisor(options, listener).run()
