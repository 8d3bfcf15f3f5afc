"""The last good state on disk, so that a redirector that starts knows its hubs and how they were, whoever is down."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from routing.damping import Evidence
from routing.probe import Verdict
from routing.snapshot import Snapshot, SnapshotError, decode, encode

FORMAT: Final = 1


class CacheError(ValueError):
    """The file is of no use; the text says why."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is worth knowing at the next start. `origin` is the source the snapshot came from."""

    snapshot: Snapshot
    origin: str
    confirmed_at: float
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    reference: Mapping[str, Any] | None = None


def write(path: Path, state: Remembered) -> None:
    """Replace the file whole: after a crash or on a full disk there is the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_encode(state))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):
        _sync_directory(path.parent)


def read(path: Path) -> Remembered | None:
    """What the file remembers; None if there is none; raises CacheError for one that can't be used."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheError(f"it can't be read: {error.strerror}") from error
    try:
        return _decode(json.loads(raw))
    except SnapshotError as error:
        raise CacheError(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CacheError(f"it is damaged: {error!r}"[:200]) from error


def _encode(state: Remembered) -> bytes:
    document = {
        "format": FORMAT,
        "snapshot": encode(state.snapshot).decode(),
        "origin": state.origin,
        "confirmed_at": state.confirmed_at,
        "verdicts": {key: _encode_verdict(verdict) for key, verdict in state.verdicts.items()},
        "reference": state.reference,
    }
    return json.dumps(document).encode()


def _encode_verdict(verdict: Verdict) -> dict[str, Any]:
    """What the table needs; the rest is asked again soon."""
    return {
        "healthy": verdict.healthy,
        "reason": verdict.reason,
        "checks": dict(verdict.checks),
        "evidence": verdict.evidence.value,
    }


def _decode(data: dict[str, Any]) -> Remembered:
    if data["format"] != FORMAT:
        raise CacheError(f"it has format {data['format']!r}; this program knows {FORMAT}")
    confirmed_at = float(data["confirmed_at"])
    if not math.isfinite(confirmed_at):
        raise CacheError("it is damaged: its time is no time")
    return Remembered(
        snapshot=decode(data["snapshot"]),
        origin=str(data["origin"]),
        confirmed_at=confirmed_at,
        verdicts={str(key): _decode_verdict(value) for key, value in data["verdicts"].items()},
        reference=data["reference"] if isinstance(data["reference"], dict) else None,
    )


def _decode_verdict(data: dict[str, Any]) -> Verdict:
    return Verdict(
        healthy=data["healthy"] is True,
        reason=str(data["reason"]),
        checks={str(name): value is True for name, value in data["checks"].items()},
        evidence=Evidence(data["evidence"]),
    )


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
