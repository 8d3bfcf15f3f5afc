"""docs/configuration.md has every variable that the programs read, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Other programs' variables, which we pass on or respect as everybody does.
OTHERS = {
    "DJANGO_SETTINGS_MODULE",
    "HOME",
    "MAKELEVEL",
    "PATH",
    "PIP_INDEX_URL",
    "PLAYWRIGHT_BROWSERS_PATH",
    "UV_SYSTEM_CERTS",
    "PYTEST_XDIST_WORKER",
    "UV_CACHE_DIR",
    "XDG_CACHE_HOME",
}


def documented() -> dict[str, set[str]]:
    rows = re.findall(r"^\| `([A-Z_]+)` \|.*\| ([a-z, ]+) \|$", (ROOT / "docs/configuration.md").read_text(), re.M)
    return {name: set(readers.split(", ")) for name, readers in rows}


def used() -> dict[str, set[str]]:
    compose = re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())
    found: dict[str, set[str]] = {}
    for reader, names in {
        "portal": names_in("federation", "members", "routing/*.py", "routing/services", "routing/views"),
        "redirector": names_in("routing/redirector"),
        "dev": names_in("dev", "demo", "tests/*.py"),
        "docker": compose,
    }.items():
        for name in set(names) - OTHERS:
            found.setdefault(name, set()).add(reader)
    return found


def names_in(*places: str) -> Iterator[str]:
    for place in places:
        pattern = place if place.endswith(".py") else f"{place}/**/*.py"
        for file in ROOT.glob(pattern):
            yield from names_read(ast.parse(file.read_text()))


def names_read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            # env("NAME"), env.bool("NAME"), port("NAME", …); the redirector's _Setting("option", "NAME", …)
            case ast.Call(func=ast.Name(id="env" | "port"), args=[ast.Constant(value=str(name)), *_]):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="env")), args=[ast.Constant(value=str(name)), *_]):
                yield name
            case ast.Call(func=ast.Name(id="_Setting"), args=[_, ast.Constant(value=str(name)), *_]):
                yield name
            case _:
                yield from names_looked_up(node)


def names_looked_up(node: ast.AST) -> Iterator[str]:
    """environ.get("NAME"), environ["NAME"], "NAME" in environ."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(name)), *_]):
            yield from [name] * is_environ(owner)
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            yield from [name] * is_environ(owner)
        case ast.Compare(left=ast.Constant(value=str(name)), comparators=[owner]):
            yield from [name] * is_environ(owner)


def is_environ(node: ast.AST) -> bool:
    return (isinstance(node, ast.Name) and node.id == "environ") or (
        isinstance(node, ast.Attribute) and node.attr == "environ"
    )


def test_every_variable_is_documented_and_every_documented_one_is_used():
    assert set(documented()) == set(used())


def test_the_table_says_who_reads_it():
    # `dev` also hands some on by other ways than reading them by name.
    assert {name: readers for name, readers in used().items() if not readers <= documented()[name]} == {}


@pytest.mark.parametrize(
    "code",
    [
        'env("A")',
        'env.bool("A", default=False)',
        'os.environ.get("A")',
        'environ["A"]',
        '"A" in os.environ',
        'port("A", 1, environ)',
        '_Setting("a", "A", str, "X", "…")',
    ],
)
def test_the_test_sees_a_new_variable(code):
    assert list(names_read(ast.parse(code))) == ["A"]
