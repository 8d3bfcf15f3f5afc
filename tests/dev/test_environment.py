"""`make setup` does only what is missing, repairs what was broken off, and says in one sentence why it cannot."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from dev import environment as environments
from dev.environment import LOCKS, Environment, SetupError, set_up
from dev.setup import complaint

ROOT = Path(__file__).resolve().parents[2]


class Workshop:
    """A checkout in which the commands are noted down instead of run."""

    def __init__(self, root, monkeypatch):
        self.root = root
        self.ran = []
        self.status = 0
        for lock in LOCKS:
            (root / lock).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / lock, root / lock)
        # Whatever Python runs the tests: this one has a pip.
        monkeypatch.setattr(environments, "find_spec", lambda name: name == "pip")
        monkeypatch.setattr(environments, "subprocess", SimpleNamespace(run=self.run, DEVNULL=subprocess.DEVNULL))

    def run(self, command, **options):
        words = " ".join(map(str, command))
        self.ran.append("bootstrap" if "uv.lock" in words else "sync" if "dev.lock" in words else words)
        if "uv.lock" in words and not self.status:
            (self.root / ".venv/bin/uv").touch()
        return subprocess.CompletedProcess(command, self.status)

    def update(self):
        """What one `make setup` runs."""
        self.ran.clear()
        Environment(self.root, say=lambda words: None).update()
        return self.ran


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    return Workshop(tmp_path, monkeypatch)


def test_first_setup_makes_everything(workshop):
    assert workshop.update() == ["bootstrap", "sync"]
    (path,) = workshop.root.glob(".venv/lib/python*/site-packages/_checkout.pth")
    assert path.read_text() == f"{workshop.root}\n"


def test_second_setup_does_nothing(workshop):
    workshop.update()
    assert workshop.update() == []


def test_new_lock_is_installed_into_what_is_there(workshop):
    workshop.update()
    with (workshop.root / LOCKS[1]).open("a") as lock:
        lock.write("# renewed\n")
    assert workshop.update() == ["sync"]


def test_broken_off_setup_starts_afresh(workshop):
    workshop.status = 1
    with pytest.raises(SetupError, match="could not be installed"):
        workshop.update()
    workshop.status = 0
    (workshop.root / ".venv" / "half-made").touch()
    assert workshop.update() == ["bootstrap", "sync"]
    assert not (workshop.root / ".venv" / "half-made").exists()


def test_environment_of_another_python_is_made_afresh(workshop):
    workshop.update()
    stamp = workshop.root / ".venv" / ".finished"
    stamp.write_text(stamp.read_text().replace("3.", "2.", 1))
    assert workshop.update() == ["bootstrap", "sync"]


def test_environment_that_was_moved_is_made_afresh(workshop, tmp_path_factory):
    workshop.update()
    moved = tmp_path_factory.mktemp("moved") / "checkout"
    workshop.root.rename(moved)
    workshop.root = moved
    assert workshop.update() == ["bootstrap", "sync"]


def test_environment_without_its_python_is_made_afresh(workshop):
    workshop.update()
    (workshop.root / ".venv/bin/python").unlink()
    assert workshop.update() == ["bootstrap", "sync"]


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10)])
def test_python_that_is_too_old_is_told_what_to_do(version):
    said = complaint(version, "/usr/bin/python3")
    assert said.startswith("Python 3.11 or newer is needed, but /usr/bin/python3 is ")
    assert "PYTHON=python3.12" in said


@pytest.mark.parametrize("version", [(3, 11), (3, 13), (4, 0)])
def test_python_that_is_new_enough_is_welcome(version):
    assert complaint(version, "/usr/bin/python3") == ""


def test_full_disk_is_one_sentence(workshop, small_disk, capsys):
    shutil.copytree(workshop.root / "requirements", small_disk / "requirements")
    assert set_up(small_disk) == 1
    said = capsys.readouterr().err
    assert "MB are free" in said
    assert said.count("\n") == 1


def test_python_without_pip_makes_one_in_the_environment(workshop, monkeypatch):
    monkeypatch.setattr(environments, "find_spec", lambda name: name == "ensurepip")
    ensurepip, *others = workshop.update()
    assert ensurepip.endswith("-m ensurepip")
    assert others == ["bootstrap", "sync"]


def test_python_without_pip_and_ensurepip_is_one_sentence(workshop, monkeypatch, capsys):
    monkeypatch.setattr(environments, "find_spec", lambda name: None)
    monkeypatch.setattr(environments.shutil, "which", lambda name: None)
    assert set_up(workshop.root) == 1
    assert "-venv" in capsys.readouterr().err


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("/nowhere")], ids=["file", "broken link"])
def test_whatever_is_in_the_way_is_replaced(workshop, make):
    make(workshop.root / ".venv")
    assert workshop.update() == ["bootstrap", "sync"]


def test_interrupted_setup_says_what_comes_next(workshop, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(environments.subprocess, "run", interrupt)
    assert set_up(workshop.root) == 130
    assert "starts the environment afresh" in capsys.readouterr().err
