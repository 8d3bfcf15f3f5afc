"""Grafana's data sources: the Prometheus of every hub."""

from __future__ import annotations

import json
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from routing.services.exports.facts import Facts, HubFacts
from routing.services.exports.matching import by_names, plain
from routing.services.exports.yaml_text import CantEdit, YamlFile, dump, items, sequences

HEAD = {"apiVersion": 1}


def write_yaml(facts: Facts) -> str:
    """A provisioning file."""
    return dump(HEAD) + "datasources:\n" + items([entry(each) for each in facts.published], indent=2)


def write_json(facts: Facts) -> str:
    """The list as Grafana's API has it."""
    return json.dumps([entry(each) for each in facts.published], indent=2, ensure_ascii=False) + "\n"


def entry(each: HubFacts) -> dict[str, Any]:
    """One hub's Prometheus."""
    return {"name": each.grafana_name, "url": each.prometheus_url, "access": "proxy", "type": "prometheus"}


def edit(facts: Facts, text: str) -> str:
    """A provisioning file with every hub's Prometheus; other data sources stay."""
    file = YamlFile(text)
    sequence = find(file)
    if sequence is None or not sequence.value:
        raise CantEdit("The file has no data sources of the type prometheus.")
    old = [read(item) for item in sequence.value]
    found = by_names(facts.hubs, [each.get("name", "") if each.get("type") == "prometheus" else "" for each in old])
    for item, source, hub in zip(sequence.value, old, found, strict=True):
        if hub is not None and hub not in facts.published:
            file.remove_item(sequence, item)
        elif hub is not None:
            _update(file, item, source, hub)
    for each in facts.published:
        if each not in found:
            file.add_item(sequence, entry(each))
    return file.result()


def find(file: YamlFile) -> SequenceNode | None:
    """The list of data sources, wherever it stands in the file."""
    for sequence in sequences(file.root):
        if any(read(item).get("type") == "prometheus" and read(item).get("url") for item in sequence.value):
            return sequence
    return None


def read(item: Node) -> dict[str, str]:
    """What of a data source is compared."""
    if not isinstance(item, MappingNode):
        return {}
    wanted = ("name", "url", "access", "type")
    pairs = [(key, value) for key, value in item.value if isinstance(key, ScalarNode) and isinstance(value, ScalarNode)]
    return {key.value: value.value for key, value in pairs if key.value in wanted}


def _update(file: YamlFile, item: Node, source: dict[str, str], hub: HubFacts) -> None:
    if source.get("name") != hub.grafana_name:
        file.set(item, "name", hub.grafana_name)
    # Where nobody told the portal, it only guesses: then the file knows better.
    if hub.hub.prometheus_url and plain(source.get("url", "")) != plain(hub.prometheus_url):
        file.set(item, "url", hub.prometheus_url)
