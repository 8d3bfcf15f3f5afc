"""A timeline's entries in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from routing.models import Flip, RampEvent
from routing.services import hub_states, weights, wording
from routing.services.timeline import Entry

SOMEBODY: Final = "somebody in charge"
HAPPENED: Final = {
    "planned": ("resting", "○", "Maintenance was announced"),
    "drain": ("resting", "○", "Taken out for the moment"),
    "maintenance": ("resting", "○", "Maintenance began"),
    "maintenance over": ("serving", "●", "Maintenance is over"),
    "cancelled": ("serving", "●", "Maintenance was called off"),
    "skew": ("trouble", "▲", "Began to run other versions than the rest of the federation"),
    "skew over": ("serving", "●", "Runs the same versions as the others again"),
    "incident": ("trouble", "▲", "An incident was opened"),
    "incident over": ("serving", "●", "An incident was resolved"),
}
RAMPS: Final = {
    "held": ("limited", "◐"),
    "back": ("limited", "◐"),
    "gave up": ("trouble", "▲"),
    "done": ("serving", "●"),
}


@dataclass(frozen=True)
class Told:
    """An entry for people: colour, shape and what happened, then why, then who."""

    entry: Entry
    kind: str
    shape: str
    what: str
    why: str = ""
    who: str = ""


def tell(entry: Entry, *, names: bool) -> Told:
    """The entry in words; without `names` nobody is named: it may be a maintainer or one of the member."""
    kind, shape, what, why = _what(entry)
    who = (entry.by if names else SOMEBODY) if entry.by else ""
    return Told(entry, kind, shape, what, why, who)


def _what(entry: Entry) -> tuple[str, str, str, str]:
    return TELLERS.get(entry.kind, _happened)(entry)


def _weighed(entry: Entry) -> tuple[str, str, str, str]:
    return "", "→", f"Weight {_weight(entry.before)} → {_weight(entry.after)}", entry.text


def _prime(entry: Entry) -> tuple[str, str, str, str]:
    said = "Became the prime: it serves" if entry.after == "yes" else "Is no longer the prime, which serves"
    return "", "★", f"{said} the federation's pages", entry.text


def _happened(entry: Entry) -> tuple[str, str, str, str]:
    kind, shape, what = HAPPENED[entry.kind]
    if entry.kind == "maintenance over" and entry.before == "true":
        what = "No longer taken out"
    if entry.kind in {"planned", "maintenance"} and entry.before == "at_risk":
        what = what.replace("Maintenance", "Work that may be noticed")
    return kind, shape, what, "" if entry.kind == "skew over" else entry.text


def _flip(entry: Entry) -> tuple[str, str, str, str]:
    if entry.after == Flip.To.SERVING:
        return "serving", "●", "Well again", ""
    if entry.after == Flip.To.UNKNOWN:
        return "unknown", "?", "Not checked any more", entry.text
    plain = wording.plain(entry.text)
    state = hub_states.RESTING if plain == wording.QUOTA else hub_states.OUT
    return state.kind, state.shape, f"{state.word.title()}: {plain}", "" if plain == entry.text else entry.text


def _state(entry: Entry) -> tuple[str, str, str, str]:
    if not entry.after:
        return "resting", "○", "Left the federation", entry.text
    if not entry.before:
        return "", "→", f"Was entered, {entry.after}", entry.text
    kind, shape = ("serving", "●") if entry.after == "active" else ("resting", "○")
    return kind, shape, f"State {entry.before} → {entry.after}", entry.text


def _ramp(entry: Entry) -> tuple[str, str, str, str]:
    kind, shape = RAMPS.get(entry.after, ("", "→"))
    at = "" if entry.after == RampEvent.What.DONE else f", at {float(entry.before):g} % of the way up"
    return kind, shape, f"Its ramp {RampEvent.What(entry.after).label}{at}", entry.text


def _weight(text: str) -> str:
    return weights.shown(Decimal(text))


TELLERS: Final[dict[str, Callable[[Entry], tuple[str, str, str, str]]]] = {
    "weight": _weighed,
    "prime": _prime,
    "flip": _flip,
    "state": _state,
    "ramp": _ramp,
}
