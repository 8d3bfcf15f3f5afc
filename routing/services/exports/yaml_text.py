"""YAML as a person would have written it, and changes inside a YAML file that leave every other byte alone.

A file is read into nodes that know where they stand (ruamel.yaml); changes are made to the text itself. So comments,
quotes, blank lines and whatever else is in the file stay as they are, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_DEPTH: Final = 50
FLOW_SIGNS: Final = frozenset(",[]{}")


class CantEdit(ValueError):
    """The file stays as it is; the text says why."""


def dump(data: object, *, indent: int = 0) -> str:
    """Data as block YAML, each line indented by so many spaces."""
    yaml = YAML(pure=True)
    yaml.default_flow_style = False
    yaml.width = 10_000  # Nobody breaks an address over two lines.
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(data, stream)
    return "".join(
        " " * indent + line if line.strip() else line for line in stream.getvalue().splitlines(keepends=True)
    )


def items(entries: list[dict[str, Any]], *, indent: int = 0, gap: str = "") -> str:
    """Mappings as a list, with the dash at that indentation and `gap` between two."""
    return gap.join(_item(entry, indent) for entry in entries) or f"{' ' * indent}[]\n"


def _item(entry: Mapping[str, Any], indent: int) -> str:
    text = dump(dict(entry), indent=indent + 2)
    return f"{' ' * indent}- {text[indent + 2 :]}"


def scalar(value: object, style: str | None = None, *, flow: bool = False) -> str:
    """One value as it stands after `key: `, in the quotes that are there already."""
    if isinstance(value, str) and style == "'" and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, str) and (style == '"' or (flow and FLOW_SIGNS & set(value))):
        return json.dumps(value, ensure_ascii=False)
    return dump({"k": value}).removeprefix("k:").strip()


def sentence(text: str) -> str:
    """What an error says, as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


class YamlFile:
    """A YAML file and the changes that are to be made in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._changes: list[tuple[int, int, int, str]] = []
        try:
            self.root: Node | None = YAML(pure=True).compose(text)
        except MarkedYAMLError as error:
            # Its own words may quote the file, which may hold secrets.
            mark = error.problem_mark or error.context_mark
            raise CantEdit(f"{f'Line {mark.line + 1}: ' if mark else ''}not YAML.") from None
        except (YAMLError, RecursionError, ValueError):
            raise CantEdit("The file is not YAML that can be read.") from None

    def result(self) -> str:
        """The text with all changes made."""
        text = self.text
        for start, end, _, new in sorted(self._changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def pairs(self, node: Node) -> dict[str, tuple[Node, Node]]:
        """The keys and values of a mapping that stand in it themselves; CantEdit for aliases and odd keys."""
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value if isinstance(node, MappingNode) else ():
            if not isinstance(key, ScalarNode) or key.value == "<<" or value.start_mark.index < node.start_mark.index:
                raise CantEdit(f"Line {line(key)}: aliases (*) and merge keys are not changed; write the value itself.")
            found[key.value] = (key, value)
        return found

    def set(self, mapping: Node, key: str, value: object) -> None:
        """Give a key of a mapping this value, where it stands or in a new line after the last."""
        known = self.pairs(mapping)
        if key in known:
            self.replace(known[key][1], value, flow=braces(mapping))
            return
        self._refuse_braces(mapping)
        column = mapping.start_mark.column
        self._insert_after(mapping, dump({key: value}, indent=column))

    def replace(self, node: Node, value: object, *, flow: bool = False) -> None:
        """Put another value in the place of a scalar."""
        if not isinstance(node, ScalarNode) or node.style in {"|", ">"} or node.anchor:
            raise CantEdit(f"Line {line(node)}: this is no plain value that can be changed.")
        space = "" if self.text[node.start_mark.index - 1 : node.start_mark.index].isspace() else " "
        self._change(node.start_mark.index, node.end_mark.index, space + scalar(value, node.style, flow=flow))

    def drop(self, mapping: Node, key: str) -> bool:
        """Take a key and its value out; False if it shares its line with something else."""
        name, value = self.pairs(mapping)[key]
        start = self._line_start(name.start_mark.index)
        if braces(mapping) or self.text[start : name.start_mark.index].strip():
            return False
        self._change(start, self._line_end(last_index(value)), "")
        return True

    def insert(self, mapping: Node, data: Mapping[str, object], *, at: Node | None = None) -> None:
        """Add keys to a block mapping: before the key `at`, or after its last."""
        self._refuse_braces(mapping)
        if not mapping.value:
            raise CantEdit(f"Line {line(mapping)}: this is empty.")
        text = dump(dict(data), indent=mapping.start_mark.column)
        if at is None:
            self._insert_after(mapping, text)
        else:
            start = self._line_start(at.start_mark.index)
            self._change(start, start, self._lines(text))

    def add_item(self, sequence: Node, entry: Mapping[str, Any], *, before: Node | None = None) -> None:
        """Add a mapping to a block list, in the manner of those that are there."""
        self._refuse_braces(sequence)
        column = self._dash(sequence.value[0])
        gap = self.newline if self._gap_between(sequence) else ""
        text = self._lines(items([dict(entry)], indent=column))
        if before is None:
            end = self._line_end(last_index(sequence))
            missing = "" if self.text[:end].endswith("\n") else self.newline
            self._change(end, end, missing + gap + text)
        else:
            start = self._item_start(before)
            self._change(start, start, text + gap)

    def remove_item(self, sequence: Node, item: Node) -> None:
        """Take an item out of a block list, with the blank line after it."""
        self._refuse_braces(sequence)
        end = self._line_end(last_index(item))
        if self._gap_between(sequence):
            end = self._line_end(end) if self.text[end : self._line_end(end)].strip() == "" else end
        self._change(self._line_start(item.start_mark.index), end, "")

    def remove(self, mapping: Node, key: str) -> None:
        """Take a key and all under it out of a block mapping."""
        self._refuse_braces(mapping)
        if not self.drop(mapping, key):
            raise CantEdit(f"Line {line(mapping)}: {key} shares its line with something else.")

    def put_under(self, key: Node, value: Node, data: object) -> None:
        """Put data below a key whose value is empty, null or {}."""
        column = key.start_mark.column + 2
        end = max(value.end_mark.index, key.end_mark.index + 1)
        self._change(
            key.end_mark.index, end, ":" + self.newline + self._lines(dump(data, indent=column)).rstrip("\r\n")
        )

    def _insert_after(self, mapping: Node, text: str) -> None:
        end = self._line_end(last_index(mapping))
        missing = "" if self.text[:end].endswith("\n") else self.newline
        self._change(end, end, missing + self._lines(text))

    def _change(self, start: int, end: int, new: str) -> None:
        # Several insertions at one place stay in the order in which they were made.
        self._changes.append((start, end, len(self._changes), new))

    def _refuse_braces(self, node: Node) -> None:
        if braces(node):
            raise CantEdit(f"Line {line(node)}: this is written in braces; write it in lines of its own first.")

    def _lines(self, text: str) -> str:
        return text.replace("\n", self.newline)

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def _dash(self, item: Node) -> int:
        start = self._line_start(item.start_mark.index)
        return len(self.text[start:]) - len(self.text[start:].lstrip(" "))

    def _item_start(self, item: Node) -> int:
        """Where an item begins, with the comments right above it."""
        start = self._line_start(item.start_mark.index)
        while start:
            above = self._line_start(start - 1)
            if not self.text[above:start].lstrip().startswith("#"):
                break
            start = above
        return start

    def _gap_between(self, sequence: Node) -> bool:
        """Whether the list has blank lines between its items."""
        for item in sequence.value[1:]:
            above = self._item_start(item)
            if above and not self.text[self._line_start(above - 1) : above].strip():
                return True
        return False


def last_index(node: Node) -> int:
    """Where the last value in a node ends; the end of a block itself lies behind the comments that follow."""
    if isinstance(node, ScalarNode):
        # A block scalar ends at the start of the next line.
        return int(node.end_mark.index) - (1 if node.style in {"|", ">"} else 0)
    if braces(node) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return last_index(last[1] if isinstance(last, tuple) else last)


def braces(node: Node) -> bool:
    """Whether a node is written in braces or brackets."""
    return bool(getattr(node, "flow_style", False))


def line(node: Node) -> int:
    """The line in which a node begins, as people count."""
    return int(node.start_mark.line) + 1


def sequences(node: Node | None, depth: int = 0) -> Iterator[SequenceNode]:
    """All lists in a document, the outer before the inner."""
    if node is None or depth > MAX_DEPTH or isinstance(node, ScalarNode):
        return
    if isinstance(node, SequenceNode):
        yield node
    for child in node.value:
        for each in child if isinstance(child, tuple) else (child,):
            # What stands elsewhere is an alias: it was seen where it stands.
            if each.start_mark.index >= node.start_mark.index:
                yield from sequences(each, depth + 1)
