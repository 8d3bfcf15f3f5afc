"""The hubs of the user guide's status page: `fedUrls` in status.js, and the table in status.rst."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from routing.services.exports.facts import Facts
from routing.services.exports.matching import match, plain
from routing.services.exports.yaml_text import CantEdit

ARRAY: Final = re.compile(r"\bfedUrls\s*=\s*\[(?P<inside>[^\]]*)\]")
# A whole line is a comment, or an address stands in quotes.
LITERAL: Final = re.compile(r"""^[ \t]*//[^\n]*$|(?P<quote>['"`])(?P<url>[^'"`\n]*)(?P=quote)""", re.MULTILINE)
RULE: Final = re.compile(r"^={3,}(?: +={3,})+ *$")
COLUMNS: Final = ("URL", "Response", "Docker registry", "JupyterHub API", "User/Build Pods", "Quota")


def write_js(facts: Facts) -> str:
    """The list of addresses."""
    return "var fedUrls = [\n" + "".join(f"  '{each.url}',\n" for each in facts.live) + "];\n"


def write_rst(facts: Facts) -> str:
    """The table: a row for each hub; the page's script fills in the rest."""
    addresses = [shown(each.url) for each in facts.live]
    widths = [max(len(COLUMNS[0]), *map(len, addresses), 26), *map(len, COLUMNS[1:])]
    rule = "  ".join("=" * width for width in widths)
    head = "  ".join(name.ljust(width) for name, width in zip(COLUMNS, widths, strict=True)).rstrip()
    return "\n".join([rule, head, rule, *addresses, rule]) + "\n"


def edit(facts: Facts, text: str) -> str:
    """status.js or status.rst with our hubs; the order of those that are there stays."""
    if ARRAY.search(text):
        return _edit_js(facts, text)
    table = read_table(text)
    if table is None:
        raise CantEdit("The file has neither fedUrls nor a table of hubs.")
    return _edit_rst(facts, text, table)


def read_js(text: str) -> list[re.Match[str]] | None:
    """The addresses in `fedUrls`, where they stand; None if there is no such list."""
    array = ARRAY.search(text)
    if array is None:
        return None
    found = LITERAL.finditer(text, array.start("inside"), array.end("inside"))
    return [each for each in found if each["url"] is not None]


@dataclass(frozen=True)
class Table:
    """The table of hubs in a text: the numbers of its three rules, and its rows."""

    rules: tuple[int, int, int]
    rows: tuple[str, ...]


def read_table(text: str) -> Table | None:
    """The table whose columns begin with URL and Response; None if there is none."""
    lines = text.splitlines()
    rules = [number for number, each in enumerate(lines) if RULE.match(each)]
    for top, middle, bottom in zip(rules, rules[1:], rules[2:], strict=False):
        if middle == top + 2 and lines[top + 1].split()[:2] == ["URL", "Response"]:
            rows = [each.split()[0] for each in lines[middle + 1 : bottom] if each.strip()]
            return Table((top, middle, bottom), tuple(rows))
    return None


def shown(url: str) -> str:
    """An address as the table shows it."""
    return url.partition("//")[2]


def ordered(facts: Facts, old: list[str]) -> list[str]:
    """The addresses as they should be: what is there keeps its place, what is new comes after."""
    found = match(facts.live, [(url, "") for url in old])
    kept = [hub.url for hub in found if hub is not None]
    return [*kept, *(each.url for each in facts.live if each not in found)]


def _edit_js(facts: Facts, text: str) -> str:
    literals = read_js(text) or []
    old = [each["url"] for each in literals]
    found = match(facts.live, [(url, "") for url in old])
    quote = literals[0]["quote"] if literals else "'"
    new = [each.url for each in facts.live if each not in found]
    for literal, hub in reversed(list(zip(literals, found, strict=True))):
        if hub is None:
            start, end = _with_comma(text, literal)
            text = text[:start] + text[end:]
        elif plain(hub.url) != plain(literal["url"]):
            text = text[: literal.start("url")] + hub.url + text[literal.end("url") :]
    return _append(text, new, quote) if new else text


def _with_comma(text: str, literal: re.Match[str]) -> tuple[int, int]:
    """An address with its comma, and its line if it stands alone."""
    start, end = literal.span()
    comma = re.compile(r"[ \t]*,").match(text, end)
    end = comma.end() if comma else end
    line = text.rfind("\n", 0, start) + 1
    rest = re.compile(r"[ \t]*\r?\n").match(text, end)
    if rest and not text[line:start].strip():
        return line, rest.end()
    return start, end + (text[end : end + 1] == " ")


def _append(text: str, urls: list[str], quote: str) -> str:
    array = ARRAY.search(text)
    if array is None:
        raise CantEdit("The file has no fedUrls.")
    inside = array["inside"]
    newline = "\r\n" if "\r\n" in inside else "\n"
    if "\n" not in inside:
        old = inside.strip().rstrip(",")
        inside = ", ".join([*([old] if old else []), *(f"{quote}{url}{quote}" for url in urls)])
    else:
        indent = re.search(r"\n([ \t]+)\S", inside)
        body = inside.rstrip()
        # A comma behind the last address, unless a comment is what comes last.
        last = body.rpartition("\n")[2].strip()
        body += "," if last and not last.startswith("//") and not body.endswith(",") else ""
        lines = (f"{newline}{indent[1] if indent else '  '}{quote}{url}{quote}," for url in urls)
        inside = body + "".join(lines) + inside[len(inside.rstrip()) :]
    return text[: array.start("inside")] + inside + text[array.end("inside") :]


def _edit_rst(facts: Facts, text: str, table: Table) -> str:
    addresses = [shown(url) for url in ordered(facts, list(table.rows))]
    if addresses == list(table.rows):
        return text
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if text.count("\r\n") else "\n"
    top, middle, bottom = table.rules
    missing = max(map(len, addresses), default=0) - len(lines[top].split()[0])
    if missing > 0:
        for number in table.rules:
            lines[number] = "=" * missing + lines[number]
        head = lines[top + 1]
        first = len(head) - len(head.lstrip()) + len("URL")
        lines[top + 1] = head[:first] + " " * missing + head[first:]
    old = {line.split()[0]: line for line in lines[middle + 1 : bottom] if line.strip()}
    lines[middle + 1 : bottom] = [old.get(each, each + newline) for each in addresses]
    return "".join(lines)
