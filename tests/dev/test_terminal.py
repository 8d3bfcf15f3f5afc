"""The merged log: whose line it is, in colour only for people."""

import io

from dev.terminal import Terminal


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_lines_are_plain_in_a_file():
    out = io.StringIO()
    Terminal(out).line("portal", "hello")
    assert out.getvalue() == "portal     | hello\n"


def test_lines_are_coloured_on_a_screen(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Screen()
    terminal = Terminal(out)
    terminal.line("portal", "hello")
    terminal.line("worker", "hello")
    first, second = out.getvalue().splitlines()
    assert first.startswith("\x1b[")
    assert first.split("m")[0] != second.split("m")[0]


def test_no_colour_for_who_wants_none(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = Screen()
    Terminal(out).line("portal", "hello")
    assert "\x1b" not in out.getvalue()


def test_closed_terminal_stops_nobody():
    out = Screen()
    out.close()
    terminal = Terminal(io.StringIO())
    terminal._out = out
    terminal.say("nobody hears this")
    terminal.line("portal", "nor this")
