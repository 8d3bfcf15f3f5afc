"""The whole federation in a sentence or two: what is, what it means for a launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from routing.models import Hub
from routing.services import hub_states, wording
from routing.services.overview import HubOverview, Overview
from routing.services.wording import Name, Words

# More hubs than this that are away are counted instead of named.
NAMED = 3


@dataclass(frozen=True)
class Sentence:
    """A shape and a colour, and the words."""

    kind: str
    shape: str
    words: Words

    def text(self, today: date) -> str:
        """The words as plain text."""
        return wording.as_text(self.words, today)


def of(overview: Overview) -> Sentence:
    """How the federation is. Hubs that are being set up are no part of it yet: they are said apart."""
    joining = [each for each in overview.hubs if each.hub.state == Hub.State.ONBOARDING]
    said = _of(overview, overview.taken_in)
    return replace(said, words=(*said.words, *_joining(joining))) if joining else said


def _joining(hubs: Sequence[HubOverview]) -> Words:
    if len(hubs) > NAMED:
        return (f" {len(hubs)} hubs are joining.",)
    words: list[str | Name | datetime] = [" "]
    for number, each in enumerate(hubs):
        words += [" and " if number else "", Name(each.hub.name)]
    return (*words, " is joining." if len(hubs) == 1 else " are joining.")


def _of(overview: Overview, hubs: Sequence[HubOverview]) -> Sentence:
    serving = [each for each in hubs if each.serving]
    if not hubs:
        return _said("unknown", "No hub yet.")
    if overview.suspect and serving:
        return _suspect(overview)
    if not serving:
        return _none(hubs)
    if len(serving) == len(hubs):
        return _said("serving", "The hub is serving." if len(hubs) == 1 else f"All {len(hubs)} hubs are serving.")
    return _some(serving, [each for each in hubs if not each.serving])


def _some(serving: Sequence[HubOverview], away: Sequence[HubOverview]) -> Sentence:
    total = len(serving) + len(away)
    begin = f"{len(serving)} of {total} hubs {'is' if len(serving) == 1 else 'are'} serving; "
    others = "the other hub" if len(serving) == 1 else "the other hubs"
    end = f". New launches go to {others}."
    kind = "serving" if all(each.state.cause in {"state", "weight", "maintenance"} for each in away) else "limited"
    return _said(kind, begin, *(_named(away) if len(away) <= NAMED else (_counted(away),)), end)


def _named(away: Sequence[HubOverview]) -> Words:
    words: list[str | Name | object] = []
    for number, each in enumerate(away):
        if number:
            words.append("; " if len(away) > 2 or each.state.reason else " and ")
        words += [Name(each.hub.name), _is(each), *each.state.words]
    return tuple(words)  # type: ignore[arg-type]


def _is(hub: HubOverview) -> str:
    """ "is resting: ", or for a hub of which nothing is known what is missing."""
    return " is " if hub.state.kind == "unknown" else f" is {hub.state.word}: "


def _counted(away: Sequence[HubOverview]) -> str:
    words = [each.state.word for each in away]
    counts = {word: words.count(word) for word in words}
    said = {"unknown": "not checked"}
    parts = [f"{count} {'is' if count == 1 else 'are'} {said.get(word, word)}" for word, count in counts.items()]
    return wording.listed(parts)


def _suspect(overview: Overview) -> Sentence:
    since: Words = ("Not one hub has answered our checks since ", overview.suspect or overview.at)
    return _said("trouble", *since, ": our own network may be at fault. Launches go on as before.")


def _none(hubs: Sequence[HubOverview]) -> Sentence:
    states = [each.state for each in hubs]
    causes = {state.cause for state in states}
    if any(state.kind == "out" for state in states):
        lead = "No hub answers right now" if causes == {"health"} else "No hub can take launches right now"
        return _said("out", f"{lead}. New launches may fail until one is back.")
    if "unchecked" in causes:
        return _unchecked(states)
    if "quota" in causes:
        return _said("out", "No hub has room right now. New launches may have to wait.")
    return _said("trouble", "No hub is meant to take new launches right now.")


def _unchecked(states: Sequence[hub_states.State]) -> Sentence:
    times = [state.since for state in states if state.cause == "unchecked" and state.since]
    since: Words = ("since ", max(times)) if times else ("yet",)
    return _said(
        "unknown",
        "The hubs have not been checked ",
        *since,
        ", so how they are is unknown. Launches go on as before.",
    )


def _said(kind: str, *words: object) -> Sentence:
    shapes = {
        each.kind: each.shape
        for each in (hub_states.SERVING, hub_states.LIMITED, hub_states.TROUBLE, hub_states.OUT, hub_states.UNKNOWN)
    }
    return Sentence(kind, shapes[kind], words)  # type: ignore[arg-type]
