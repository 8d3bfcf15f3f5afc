"""What each command asks of the API, and what it asks the person first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from fedctl import words
from fedctl.client import Client, FedctlError, fetched


class Undone(Exception):
    """Nothing was done; the text says why."""


@dataclass(frozen=True)
class Found:
    """What a command found: for programs, for people, and its exit code."""

    data: Any
    text: str = ""
    code: int = 0


Command = Callable[[Client, argparse.Namespace], Found]


def list_hubs(client: Client, options: argparse.Namespace) -> Found:
    """All hubs; retired ones only if asked for."""
    rows = client.hubs(**({"state": options.state} if options.state else {}))
    rows = [row for row in rows if options.state or row["state"] != "retired"]
    return Found(rows, words.hubs(rows))


def show_hub(client: Client, options: argparse.Namespace) -> Found:
    """One hub."""
    row = client.hub(options.key)
    return Found(row, words.hub(row))


def set_weight(client: Client, options: argparse.Namespace) -> Found:
    """A new weight. More for one hub is less for others: whose share would fall is told, and asked about."""
    rows = client.hubs()
    row = next((row for row in rows if row["key"] == options.key), None) or client.hub(options.key)
    old, new = _shares(rows, {}), _shares(rows, {options.key: float(options.weight)})
    falls = [
        f"{each['name']} from {words.percent(old[each['key']])} to {words.percent(new[each['key']])}"
        for each in rows
        if new[each["key"]] < old[each["key"]]
    ]
    if falls:
        _ask(
            f"With weight {options.weight} for {row['name']}, now {words.number(row['weight'])}, "
            f"the share of launches would fall for {', '.join(falls)}.",
            yes=options.yes,
        )
    change = client.set_weights(
        {options.key: str(options.weight)},
        reason=options.reason,
        seen={options.key: row["weight"]},
        **({"until": options.until} if options.until else {}),
    )
    if change["batch"] is None:
        return Found(change, f"{row['name']} has weight {options.weight} already.\n")
    until = f" until {words.plain(options.until)}, then {words.number(row['weight'])} again" if options.until else ""
    return Found(change, f"{row['name']}: weight {words.number(row['weight'])} → {options.weight}{until}.\n")


def drain(client: Client, options: argparse.Namespace) -> Found:
    """No launches from now on; always asked about."""
    row = client.hub(options.key)
    _ask(
        f"{row['name']} would get no launches any more; now it gets {words.percent(row['effective_share'])} of them.",
        yes=options.yes,
    )
    downtime = client.drain(options.key, reason=options.reason, until=options.until)
    return Found(downtime, f"{row['name']} is drained until {downtime['ends_at'] or 'somebody undrains it'}.\n")


def undrain(client: Client, options: argparse.Namespace) -> Found:
    """Launches come back."""
    downtime = client.undrain(options.key, reason=options.reason)
    return Found(downtime, f"{downtime['hub']} is drained no more: launches come back step by step.\n")


def status(client: Client, options: argparse.Namespace) -> Found:
    """How the federation is."""
    found = client.status()
    serves = any(each["weight"]["effective"] > 0 for each in found["hubs"])
    return Found(found, words.status(found), 1 if options.check and not serves else 0)


def export(client: Client, options: argparse.Namespace) -> Found:
    """A list of them, or one as a file."""
    known = client.exports()
    if not options.name:
        files = [(each["name"], " ".join(_forms(each)), each["title"]) for each in known]
        return Found(known, words.table(("export", "forms", "what"), files))
    name, _, form = options.name.partition(".")
    each = next((each for each in known if each["name"] == name), None)
    if each is None or (form and form not in _forms(each)):
        raise Undone(f"There is no export {options.name}. `fedctl export` lists them.")
    content = client.export(name, form or _forms(each)[0])
    if not options.output:
        return Found(content)
    Path(options.output).write_bytes(content)
    return Found({"file": options.output, "bytes": len(content)}, f"{options.output}: {len(content)} bytes.\n")


def drift(client: Client, options: argparse.Namespace) -> Found:
    """How each file differs from the portal."""
    found = [client.drift(_called(name), _text(name)) for name in options.files]
    differs, unread = any(each["findings"] for each in found), any(each["problem"] for each in found)
    text = "".join(
        f"{words.plain(each['summary'])}\n" + "".join(_finding(one) for one in each["findings"]) for each in found
    )
    return Found({"drift": differs, "files": found}, text, 1 if differs else 2 if unread else 0)


def meetings(client: Client, _options: argparse.Namespace) -> Found:
    """The coming meetings."""
    rows = client.meetings()
    return Found(rows, words.meetings(rows))


def weight(text: str) -> Decimal:
    """A weight as a person types it."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text} is no number") from None
    if not found.is_finite() or found < 0:
        raise argparse.ArgumentTypeError("a weight is 0 or more")
    return found


def _shares(rows: Sequence[Mapping[str, Any]], new: Mapping[str, float]) -> dict[str, float]:
    """The share of launches that weights promise each hub."""
    weights = {row["key"]: new.get(row["key"], row["weight"]) if row["state"] == "active" else 0.0 for row in rows}
    total = sum(weights.values())
    return {key: weight / total if total else 0.0 for key, weight in weights.items()}


def _ask(what: str, *, yes: bool) -> None:
    """Go on only if the person says so; where nobody can be asked, only with --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Undone(f"{what} Nobody is here to ask: add --yes to do it.")
    sys.stderr.write(f"{words.plain(what)}\nGo on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Undone("Nothing was done.")


def _forms(each: Mapping[str, Any]) -> list[str]:
    return [str(file).rpartition(".")[2] for file in each["files"]]


def _called(name: str) -> str:
    return name if _is_address(name) else Path(name).name


def _is_address(name: str) -> bool:
    return name.startswith(("https://", "http://"))


def _text(name: str) -> str:
    """What is in a file, or at an address; the token is not shown there."""
    try:
        return (fetched(name) if _is_address(name) else Path(name).read_bytes()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FedctlError(f"{name} is not UTF-8 text.") from None


def _finding(found: Mapping[str, Any]) -> str:
    return f"  {words.plain(str(found['text']))}\n"
