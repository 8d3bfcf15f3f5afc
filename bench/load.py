"""Load by wrk: launches of random GitHub repositories, from a pool or every one of another path."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.pinning import on_core

CONNECTIONS = 32
POOL = 10_000

SCRIPT = """
local requests, kind, count, prefix, head = {}, "", 0, "", ""

function init(args)
  kind, prefix = args[1], args[2]
  head = " HTTP/1.1\\r\\nHost: binder.example\\r\\n" .. args[3] .. "\\r\\n"
  math.randomseed(20261123)
  for number = 1, POOL do
    requests[number] = launch(string.format("%x-%x", math.random(0, 16777215), number))
  end
end

function launch(name)
  return "GET /build/gh/some-owner-" .. name .. "/a-repository-" .. name .. "/HEAD" .. head
end

function request()
  if kind == "hot" then
    local drawn = math.random()
    if drawn < 0.39 then return requests[1] elseif drawn < 0.61 then return requests[2] end
  end
  if kind ~= "distinct" then return requests[math.random(1, POOL)] end
  count = count + 1
  return launch(prefix .. "-" .. count)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "max": %d, "errors": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
""".replace("POOL", str(POOL)).replace("\\\\", "\\")


@dataclass(frozen=True)
class Load:
    """How a row is loaded: `kind` is pool, distinct (no path twice) or hot (two get 61 %); `headers` come with each."""

    kind: str = "pool"
    headers: tuple[str, ...] = ()


FIRST_VISITS = Load()


@dataclass(frozen=True)
class Result:
    """What wrk saw in one run; times in milliseconds."""

    requests: int
    rate: float
    p50: float
    p99: float
    slowest: float
    errors: int


def find_wrk() -> str | None:
    """wrk's path, if it is installed."""
    return shutil.which("wrk")


class Wrk:
    """Runs wrk, one thread on one core, against one address after the other."""

    def __init__(self, program: str, directory: Path, core: int | None) -> None:
        self._program = program
        self._script = directory / "launches.lua"
        self._script.write_text(SCRIPT)
        self._core = core
        self._runs = 0

    def run(self, url: str, seconds: float, load: Load) -> Result:
        """Load the address for this long."""
        self._runs += 1
        headers = "".join(f"{header}\r\n" for header in load.headers)
        done = subprocess.run(
            [
                *on_core(self._core, self._program),
                *("--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{round(seconds)}s"),
                *("--timeout", "10s", "--script", str(self._script), url, "--", load.kind, f"r{self._runs}", headers),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        return _result(json.loads(done.stdout.strip().splitlines()[-1]))


def _result(said: dict[str, Any]) -> Result:
    return Result(
        requests=said["requests"],
        rate=said["requests"] / said["microseconds"] * 1e6,
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
        slowest=said["max"] / 1000,
        errors=said["errors"],
    )
