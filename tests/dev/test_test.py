"""`make test` looks for a browser, and is honest where there is none."""

import os

import pytest

from dev import test as runner


class Replaced(Exception):
    """Instead of becoming pytest."""


@pytest.fixture
def run(monkeypatch):
    """What pytest would be called with."""

    def become(program, arguments):
        raise Replaced(arguments[1:])

    monkeypatch.setattr(runner.os, "execv", become)
    monkeypatch.setattr(runner, "works", lambda command: False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(runner.chromium, "find", lambda: os.environ.get("CHROMIUM"))

    def call(*arguments):
        with pytest.raises(Replaced) as replaced:
            runner.main(list(arguments))
        return replaced.value.args[0]

    return call


def test_all_cores_are_used_and_arguments_handed_on(run, monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/usr/bin/chromium")
    assert run("-k", "words") == ["-n", str(runner.cores()), "--dist", "loadgroup", "-k", "words"]


def test_what_was_compiled_is_kept_for_the_processes_that_tests_start(run, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    run()
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ


def test_without_a_browser_its_tests_are_left_out_and_that_is_said(run, capsys):
    assert run()[-2:] == ["-m", "not browser"]
    assert "are left out" in capsys.readouterr().out


def test_without_a_browser_ci_fails(run, monkeypatch, capsys):
    monkeypatch.setenv("CI", "true")
    assert runner.main([]) == 1
    assert "CI=true wants them" in capsys.readouterr().err


def test_browser_that_is_named_but_not_there_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert runner.main([]) == 1
    assert capsys.readouterr().err == "CHROMIUM names /nowhere/chromium, which is no program that can be run.\n"


def test_browser_that_was_just_installed_is_used(run, monkeypatch):
    monkeypatch.setattr(runner, "works", lambda command: not monkeypatch.setenv("CHROMIUM", "/usr/bin/chromium"))
    assert "not browser" not in run()


def test_debian_gives_root_its_own_browser(monkeypatch):
    monkeypatch.setattr(runner.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(runner.os, "geteuid", lambda: 0)
    first, second = runner.ways()
    assert first[-1][0] == "/usr/bin/apt-get"
    assert "playwright" in second[0]


def test_others_get_playwrights(monkeypatch):
    monkeypatch.setattr(runner.os, "geteuid", lambda: 1000)
    ((command,),) = runner.ways()
    assert command[-2:] == ["install", "chromium"]
