"""The matrix that the continuous deployment goes through: one entry for each hub's Helm release."""

from __future__ import annotations

import json
from typing import Any

from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from routing.models import Hub
from routing.services.exports.facts import Facts, HubFacts
from routing.services.exports.matching import by_names
from routing.services.exports.yaml_text import CantEdit, YamlFile, items, sequences


def write_yaml(facts: Facts) -> str:
    """The list below `matrix: include:`."""
    return items([entry(each) for each in facts.published])


def write_json(facts: Facts) -> str:
    """The matrix as fromJSON() of a workflow takes it."""
    return json.dumps({"include": [entry(each) for each in facts.published]}, indent=2) + "\n"


def entry(each: HubFacts) -> dict[str, Any]:
    """One hub. Only its name is ours; a deployment that fails there stops nobody while it is still joining."""
    return {
        "federation_member": each.release,
        "chartpress_args": "",
        "helm_version": "",
        "experimental": each.hub.state == Hub.State.ONBOARDING,
    }


def edit(facts: Facts, text: str) -> str:
    """A workflow with an entry for each hub. What else entries say, and entries that are no hub of ours, stay."""
    file = YamlFile(text)
    sequence = find(facts, file)
    if sequence is None:
        raise CantEdit("The file has no matrix with a federation_member that is a hub here.")
    names = [name(file, item) for item in sequence.value]
    found = by_names(facts.hubs, [each or "" for each in names])
    for item, hub in zip(sequence.value, found, strict=True):
        if hub is not None and hub.hub.state == Hub.State.RETIRED:
            file.remove_item(sequence, item)
        elif hub is not None and name(file, item) != hub.release:
            file.set(item, "federation_member", hub.release)
    for each in facts.published:
        if each not in found:
            file.add_item(sequence, entry(each))
    return file.result()


def find(facts: Facts, file: YamlFile) -> SequenceNode | None:
    """The list with the most entries that are hubs here; the matrix of a staging job is none."""
    best: tuple[int, SequenceNode | None] = (0, None)
    for sequence in sequences(file.root):
        names = [name(file, item) for item in sequence.value]
        if any(names):
            known = sum(each is not None for each in by_names(facts.hubs, [each or "" for each in names]))
            best = max(best, (known, sequence), key=lambda pair: pair[0])
    return best[1]


def name(file: YamlFile, item: Node) -> str | None:
    """What an entry of a matrix calls its hub; None for anything else."""
    if not hasattr(item, "value") or isinstance(item, ScalarNode | SequenceNode):
        return None
    for key, value in item.value:
        if isinstance(key, ScalarNode) and key.value == "federation_member" and isinstance(value, ScalarNode):
            return str(value.value)
    return None
