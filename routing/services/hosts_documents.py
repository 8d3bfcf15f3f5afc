"""Read the hubs' part of a configuration file, JSON or YAML, and nothing else of it.

Such files hold secrets in other blocks. Of YAML only the events of the wanted keys are ever turned into values; no
error repeats what stands in the file.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_BYTES: Final = 500_000
MAX_DEPTH: Final = 50
BLOCK: Final = "federationRedirect"
# What we read of the block; all else in it (image, resources, environment, …) is skipped unseen.
WANTED: Final = frozenset({"hosts", "check", "load_balancer", "host_cookie_age_hours", "pod_headroom"})

CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Bounded, so that no number is beyond Python's measure.
WHOLE: Final = re.compile(r"[-+]?[0-9]{1,100}")
NUMBER: Final = re.compile(r"[-+]?(\.[0-9]{1,100}|[0-9]{1,100}(\.[0-9]{0,100})?)([eE][-+]?[0-9]{1,3})?")


class DocumentError(ValueError):
    """The file can't be read; the text says where and why, and repeats nothing of the file's content."""


@dataclass(frozen=True)
class Document:
    """The hubs' part of a file, in the shape the file has, and the line of each key (`hosts.gesis.weight`)."""

    data: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)


def read(content: bytes) -> Document:
    """The hubs' part of a JSON or YAML file; DocumentError for what is neither, too big, or holds no hubs."""
    if len(content) > MAX_BYTES:
        raise DocumentError(f"the file is too big: {len(content)} bytes, at most {MAX_BYTES}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DocumentError(f"line {line}: the file is not UTF-8 text") from None
    return _read_json(text) if text.lstrip().startswith(("{", "[")) else _read_yaml(text)


def _read_json(text: str) -> Document:
    try:
        data = json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        raise DocumentError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise DocumentError("not JSON that can be read: a number or the nesting is beyond all measure") from None
    if not isinstance(data, _Object):
        raise DocumentError("the file is a list, not an object with hosts")
    if any(key in data.twice for key in (BLOCK, *WANTED)):
        raise DocumentError(f"{BLOCK if BLOCK in data.twice else data.twice[0]} is there twice")
    top = data.get(BLOCK, data)
    if isinstance(top, dict):
        top = {key: value for key, value in top.items() if key in WANTED}
    _refuse_twice(top, BLOCK if BLOCK in data else "")
    return Document({BLOCK: top} if BLOCK in data else top)


class _Object(dict[str, Any]):
    """A JSON object that remembers a key that was written twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]


def _refuse_twice(value: object, where: str) -> None:
    if not isinstance(value, dict):
        return
    if isinstance(value, _Object) and value.twice:
        raise DocumentError(f"{_join(where, value.twice[0])} is there twice")
    for key, each in value.items():
        _refuse_twice(each, _join(where, key))


def _read_yaml(text: str) -> Document:
    try:
        return _Reader(text).read()
    except MarkedYAMLError as error:
        # Its own words may quote the file, so only the place is told.
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DocumentError(f"{where}not YAML") from None
    except (YAMLError, RecursionError):
        raise DocumentError("not YAML that can be read") from None


class _Reader:
    """Turns YAML events into plain values. Aliases and tags are refused where we read, and skipped elsewhere."""

    def __init__(self, text: str) -> None:
        self.events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
        self.lines: dict[str, int] = {}

    def read(self) -> Document:
        """The values of the wanted keys: those of the block where there is one, else those on top."""
        nodes = self._nodes_on_top()
        names = [key.value for key, _ in nodes]
        # Only now it is known whether `hosts` on top is ours or another block's.
        wanted = {BLOCK} if BLOCK in names else WANTED
        data: dict[str, Any] = {}
        for key, events in nodes:
            if key.value in wanted:
                self.events = iter(events)
                self._item(key, "", 0, data)
        return Document(data, self.lines)

    def _nodes_on_top(self) -> list[tuple[ScalarEvent, list[Event]]]:
        """The keys that may be wanted, with the events under them; everything else is passed over."""
        self._enter()
        nodes = []
        while not isinstance(event := next(self.events), MappingEndEvent):
            if isinstance(event, ScalarEvent) and event.value in {BLOCK, *WANTED}:
                nodes.append((event, self._node(next(self.events))))
            else:
                self._skip(event)
                self._skip(next(self.events))
        if any(isinstance(event, DocumentStartEvent) for event in self.events):
            raise DocumentError("there is more than one document in the file")
        return nodes

    def _enter(self) -> None:
        """Go into the mapping that the document must be."""
        for event in self.events:
            if isinstance(event, MappingStartEvent):
                return
            if isinstance(event, NodeEvent):
                raise DocumentError(f"{_line(event)}: there must be keys and values here, with hosts among them")
        raise DocumentError("the file is empty")

    def _skip(self, event: Event) -> None:
        """Pass over the node that begins with this event."""
        for _ in self._rest(event):
            pass

    def _node(self, event: Event) -> list[Event]:
        return list(self._rest(event))

    def _rest(self, event: Event) -> Iterator[Event]:
        """The events of the node that begins with this one."""
        depth = 0
        while True:
            yield event
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth == 0:
                return
            event = next(self.events)

    def _mapping(self, where: str, depth: int, wanted: Set[str] | None = None) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if wanted is not None and not (isinstance(event, ScalarEvent) and event.value in wanted):
                self._skip(event)
                self._skip(next(self.events))
            else:
                self._item(event, where, depth, values)
        return values

    def _item(self, event: Event, where: str, depth: int, values: dict[str, Any]) -> None:
        """One key and its value, into the values of its mapping."""
        key = self._key(event, where)
        path = _join(where, key)
        if key in values:
            raise DocumentError(f"{_line(event)}: {path} is there twice")
        self.lines[path] = event.start_mark.line + 1
        values[key] = self._value(next(self.events), path, depth + 1)

    def _key(self, event: Event, where: str) -> str:
        if not isinstance(event, ScalarEvent) or event.tag is not None:
            raise DocumentError(f"{_line(event)}: a key under {where or 'the top'} is not plain text")
        if event.value == "<<":
            raise DocumentError(f"{_line(event)}: merge keys (<<) are not followed; write the values themselves")
        return str(event.value)

    def _value(self, event: Any, path: str, depth: int) -> Any:  # noqa: ANN401
        if depth > MAX_DEPTH:
            raise DocumentError(f"{_line(event)}: nested too deep")
        if isinstance(event, AliasEvent):
            raise DocumentError(f"{_line(event)}: {path}: aliases (*) are not followed; write the value itself")
        if event.tag is not None:
            raise DocumentError(f"{_line(event)}: {path}: tags (!) are not read")
        if isinstance(event, MappingStartEvent):
            return self._mapping(path, depth, WANTED if path == BLOCK else None)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path, depth)
        return plain(event.value) if event.style in (None, "") else event.value

    def _sequence(self, path: str, depth: int) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            values.append(self._value(event, f"{path}[{len(values)}]", depth + 1))
        return values


def plain(text: str) -> str | int | float | bool | None:
    """A plain scalar by YAML's core schema, without its octal and hexadecimal numbers."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text


def _line(event: Event) -> str:
    return f"line {event.start_mark.line + 1}"


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
