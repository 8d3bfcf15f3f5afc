"""federation.yml of the user guide: who funds and runs which hub, in alphabetical order; past ones stay, marked so."""

from __future__ import annotations

from typing import Any, Final

from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from routing.services.exports.facts import Facts, HubFacts
from routing.services.exports.matching import match
from routing.services.exports.yaml_text import CantEdit, YamlFile, items

HEAD: Final = """\
# Who takes part in the federation, in alphabetical order.
# Written by the federation's portal; those who left stay, with 'active: false'.

"""


def write(facts: Facts) -> str:
    """The whole file."""
    return HEAD + items([entry(each) for each in facts.listed], gap="\n")


def entry(each: HubFacts) -> dict[str, Any]:
    """One hub, as the file has it."""
    member = each.member
    found = {
        "url_binderhub": each.url,
        "logo": each.logo,
        "funded_by": each.funder,
        "funded_by_link": member.funded_by_url or member.website,
        **({"run_by": member.run_by} if member.run_by else {}),
        **({"run_by_link": member.run_by_url} if member.run_by_url else {}),
    }
    return {**found, "active": False} if each.is_past else found


def known(each: HubFacts) -> dict[str, str]:
    """What of an entry the portal was told; of all else the file may know better."""
    member = each.member
    told = {
        "url_binderhub": each.url,
        "funded_by": member.funded_by,
        "funded_by_link": member.funded_by_url,
        "run_by": member.run_by,
        "run_by_link": member.run_by_url,
    }
    return {key: value for key, value in told.items() if value}


def edit(facts: Facts, text: str) -> str:
    """The file with our entries as they are now; those we don't know are marked as past."""
    file = YamlFile(text)
    if not isinstance(file.root, SequenceNode) or not file.root.value:
        raise CantEdit("The file is no list of members.")
    entries = [_read(file, item) for item in file.root.value]
    found = match(facts.listed, [(each.get("url_binderhub", ""), each.get("funded_by", "")) for each in entries])
    for item, hub in zip(file.root.value, found, strict=True):
        _update(file, item, hub)
    for each in facts.listed:
        if each not in found:
            file.add_item(file.root, entry(each), before=_next(file.root, found, each))
    return file.result()


def same(old: str, new: str) -> bool:
    """Whether two values mean the same."""
    return old.strip().rstrip("/") == new.strip().rstrip("/")


def _read(file: YamlFile, item: Node) -> dict[str, str]:
    return {key: value.value for key, (_, value) in file.pairs(item).items() if isinstance(value, ScalarNode)}


def _update(file: YamlFile, item: Node, hub: HubFacts | None) -> None:
    old = _read(file, item)
    for key, value in known(hub).items() if hub else ():
        if not same(old.get(key, ""), value):
            file.set(item, key, value)
    was_past = old.get("active", "true").lower() == "false"
    is_past = hub is None or hub.is_past
    if is_past and not was_past:
        file.set(item, "active", False)
    elif was_past and not is_past and not file.drop(item, "active"):
        file.set(item, "active", True)


def _next(root: SequenceNode, found: list[HubFacts | None], each: HubFacts) -> Node | None:
    """The entry that a new one goes before."""
    name = each.hub.name.casefold()
    after = (item for item, hub in zip(root.value, found, strict=True) if hub and hub.hub.name.casefold() > name)
    return next(after, None)
