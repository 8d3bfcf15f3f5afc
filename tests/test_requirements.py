"""The locks: complete, hashed, and free of any index's address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name):
    lines = (ROOT / "requirements" / f"{name}.lock").read_text()
    return {canonicalize_name(found[0]): found[1] for found in re.findall(r"^([\w.\[\]-]+)==([\w.+!]+)", lines, re.M)}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_name_no_index(lock):
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_hashes(lock):
    for entry in re.split(r"\n(?=\S)", lock.read_text().strip()):
        assert "--hash=sha256:" in entry or entry.startswith("#"), entry


@pytest.mark.parametrize("lock", ["base", "dev"])
def test_locks_fit_the_project(lock):
    wanted = list(PROJECT["project"]["dependencies"])
    if lock == "dev":
        groups = PROJECT["dependency-groups"]
        wanted += [line for group in ("local", "dev") for line in groups[group] if isinstance(line, str)]
    versions = locked(lock)
    for requirement in map(Requirement, wanted):
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not in {lock}.lock: run `make lock`"
        assert version in requirement.specifier, f"{requirement} is locked at {version}: run `make lock`"


def test_production_and_development_run_the_same_versions():
    development = locked("dev")
    assert {name: development.get(name) for name in locked("base")} == locked("base")
