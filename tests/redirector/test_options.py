from __future__ import annotations

import dataclasses

import pytest

from routing.redirector.options import Options, parse


def test_a_config_file_is_enough():
    assert parse(["--config", "hubs.json"], {}) == Options(config="hubs.json")


def test_the_line_of_the_readme_works():
    line = ["--config", "FILE", "--host", "127.0.0.1", "--port", "8081", "--balancer", "rendezvous"]
    assert parse(line, {}) == Options(config="FILE", host="127.0.0.1", port=8081, balancer="rendezvous")


def test_the_environment_says_the_same():
    environ = {
        "REDIRECTOR_HOST": "0.0.0.0",
        "REDIRECTOR_PORT": "9000",
        "REDIRECTOR_WORKERS": "4",
        "REDIS_URL": "redis://r",
        "REDIRECTOR_URL": "https://p",
        "REDIRECTOR_CACHE": "/c",
        "REDIRECTOR_CONFIG": "/f",
        "REDIRECTOR_BALANCER": "RANDOM",
        "REDIRECTOR_COOKIE_AGE_HOURS": "1.5",
        "REDIRECTOR_REASON_HEADER": "0",
        "REDIRECTOR_PROXY": "0",
        "REDIRECTOR_PROXY_TIMEOUT": "7",
        "REDIRECTOR_PROXY_MAX_BODY": "99",
        "REDIRECTOR_BADGE_URL": "https://b",
        "REDIRECTOR_LAUNCH_HOST": "https://l",
        "ALLOW_PRIVATE_HUBS": "1",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "debug",
        "REDIRECTOR_GRACEFUL_TIMEOUT": "3",
    }
    options = parse([], environ)
    assert len(environ) == len(dataclasses.fields(Options))
    for field in dataclasses.fields(Options):
        assert getattr(options, field.name) != field.default


def test_the_command_line_wins():
    assert parse(
        ["--port", "1", "--proxy", "--url", "u"], {"REDIRECTOR_PORT": "2", "REDIRECTOR_PROXY": "0"}
    ) == Options(url="u", port=1)


def test_an_empty_variable_is_none():
    assert parse(["--url", "u"], {"REDIRECTOR_PORT": "", "REDIS_URL": " "}) == Options(url="u")


@pytest.mark.parametrize(
    ("line", "environ", "said"),
    [
        ([], {}, "no source of hubs"),
        (["--config", "f", "--port", "70000"], {}, "70000 is not within 0 to 65535"),
        (["--config", "f", "--workers", "0"], {}, "0 is not within 1 to 64"),
        (["--config", "f", "--balancer", "best"], {}, "'best' is none of balanced, rendezvous, random"),
        (["--config", "f"], {"REDIRECTOR_PORT": "http"}, "REDIRECTOR_PORT: 'http' is not a number"),
        (["--config", "f"], {"ALLOW_PRIVATE_HUBS": "maybe"}, "ALLOW_PRIVATE_HUBS: 'maybe' is neither 1 nor 0"),
        (["--config", "f", "--cookie-age-hours", "nan"], {}, "nan is not within"),
    ],
)
def test_a_bad_option_is_refused_in_words(capsys: pytest.CaptureFixture[str], line, environ, said):
    with pytest.raises(SystemExit) as end:
        parse(line, environ)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_help_explains_every_option_and_its_variable(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(["--help"], {})
    said = " ".join(capsys.readouterr().out.split())
    for field in dataclasses.fields(Options):
        assert f"--{field.name.replace('_', '-')}" in said
    for variable in ("REDIRECTOR_PORT", "REDIS_URL", "REDIRECTOR_CACHE", "ALLOW_PRIVATE_HUBS", "LOG_FORMAT"):
        assert f"[{variable}" in said
