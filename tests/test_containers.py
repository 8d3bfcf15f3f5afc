"""The containers: the form of docker-compose.yml, and the promises it makes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SECRETS = {"SECRET_KEY": "x" * 50, "POSTGRES_PASSWORD": "secret", "ALLOWED_HOSTS": "portal.example.org"}
DOCKER = shutil.which("docker")


def compose_config(environment):
    command = [DOCKER, "compose", "--project-directory", ROOT, "--env-file", os.devnull, "config", "--quiet"]
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=kept | environment)


def has_compose():
    return (
        bool(DOCKER)
        and subprocess.run([DOCKER, "compose", "version"], check=False, capture_output=True).returncode == 0
    )


needs_compose = pytest.mark.skipif(not has_compose(), reason="no `docker compose` on this machine")


@needs_compose
def test_compose_accepts_the_file():
    result = compose_config(SECRETS)
    assert result.returncode == 0, result.stderr


@needs_compose
@pytest.mark.parametrize("name", sorted(SECRETS))
def test_compose_refuses_to_start_without_a_secret(name):
    result = compose_config({key: value for key, value in SECRETS.items() if key != name})
    assert result.returncode != 0
    assert name in result.stderr


def test_no_secret_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in SECRETS:
        assert re.findall(rf"\${{{name}(..)", text), name
        assert set(re.findall(rf"\${{{name}(..)", text)) == {":?"}


def test_redirector_waits_for_nobody():
    assert "depends_on" not in COMPOSE["services"]["redirector"]


def test_every_lasting_service_is_watched_and_started_again():
    for name, service in COMPOSE["services"].items():
        if name == "migrate":
            continue
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name


def test_no_service_has_more_rights_than_it_needs():
    for name, service in COMPOSE["services"].items():
        assert "privileged" not in service, name
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_image_runs_as_nobody_special():
    last = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("USER ")][-1]
    assert last == "USER 10001:10001"


def test_every_package_that_runs_is_in_the_image():
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.M)
    rooms = {"federation", "foundation", "members", "routing", "templates", "static"}
    assert set(copied) == rooms
    assert {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")} >= rooms


def test_every_variable_is_documented():
    page = ROOT / "docs" / "configuration.md"
    if not page.exists():
        pytest.skip("docs/configuration.md is not written yet")
    text = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\${(\w+)", text))
    for service in COMPOSE["services"].values():
        used |= set(service.get("environment", ()))
    documented = set(re.findall(r"`(\w+)`", page.read_text()))
    assert used - documented - {"POSTGRES_USER", "POSTGRES_DB"} == set()
