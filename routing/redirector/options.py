"""What the redirector can be told: on the command line, or as environment variables of the same meaning."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from routing.balancing import BALANCERS

LOG_FORMATS = ("keyvalue", "json")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Options:
    """One redirector's settings: one at least of `redis`, `url`, `config`; `None` means "as the policy says"."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    redis: str | None = None
    url: str | None = None
    cache: str | None = None
    config: str | None = None
    balancer: str | None = None
    cookie_age_hours: float | None = None
    reason_header: bool = True
    proxy: bool = True
    proxy_timeout: float = 30.0
    proxy_max_body: int = 10_485_760
    badge_url: str = "https://static.mybinder.org"
    launch_host: str = "https://mybinder.org/"
    allow_private_hubs: bool = False
    log_format: str = "keyvalue"
    log_level: str = "INFO"
    graceful_timeout: float = 25.0


@dataclass(frozen=True, slots=True)
class _Setting:
    """One option: its name in `Options`, its environment variable, how to read it and what to tell people."""

    name: str
    variable: str
    read: Callable[[str], Any]
    metavar: str
    about: str


def parse(argv: Sequence[str] | None, environ: Mapping[str, str]) -> Options:
    """The options in a command line and an environment; the command line wins. Ends the program on a bad one."""
    parser = _parser(environ)
    options = Options(**vars(parser.parse_args(argv)))
    if not (options.redis or options.url or options.config):
        parser.error(
            "no source of hubs: give --redis, --url or --config (REDIS_URL, REDIRECTOR_URL, REDIRECTOR_CONFIG)"
        )
    return options


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m routing.redirector",
        description="Send every launch to a hub of the federation, and everything else to its prime hub.",
        epilog="The hubs come from the first source that answers: Redis or the URL, the cache, the config file.",
    )
    for each in dataclasses.fields(Options):
        setting = _SETTINGS[each.name]
        how: dict[str, Any] = {"type": setting.read, "metavar": setting.metavar}
        if isinstance(each.default, bool):
            how = {"action": argparse.BooleanOptionalAction}
        parser.add_argument(
            f"--{each.name.replace('_', '-')}",
            default=_from_environment(parser, setting, environ, each.default),
            help=_help(setting, each.default),
            **how,
        )
    return parser


def _from_environment(
    parser: argparse.ArgumentParser, setting: _Setting, environ: Mapping[str, str], default: object
) -> object:
    text = environ.get(setting.variable, "").strip()
    if not text:
        return default
    try:
        return setting.read(text)
    except (ValueError, argparse.ArgumentTypeError) as error:
        parser.error(f"environment variable {setting.variable}: {error}")


def _help(setting: _Setting, default: object) -> str:
    said = "" if default is None else f", default: {default}"
    if isinstance(default, bool):
        said = f", default: {'yes' if default else 'no'}"
    return f"{setting.about} [{setting.variable}{said}]"


def _switch(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 1 nor 0")
    return known[text.lower()]


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        known = {name.lower(): name for name in names}
        if text.lower() not in known:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return known[text.lower()]

    return read


def _within(kind: Callable[[str], Number], lowest: Number, highest: Number) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{text} is not within {lowest} to {highest}")
        return value

    return read


_SETTINGS = {
    setting.name: setting
    for setting in (
        _Setting("host", "REDIRECTOR_HOST", str, "ADDRESS", "address to listen on"),
        _Setting("port", "REDIRECTOR_PORT", _within(int, 0, 65535), "N", "port to listen on, 0 for any free one"),
        _Setting("workers", "REDIRECTOR_WORKERS", _within(int, 1, 64), "N", "processes that answer requests"),
        _Setting("redis", "REDIS_URL", str, "URL", "take the published snapshot from this Redis"),
        _Setting("url", "REDIRECTOR_URL", str, "URL", "take the published snapshot from this address of the portal"),
        _Setting("cache", "REDIRECTOR_CACHE", str, "FILE", "file that keeps the last good snapshot for the next start"),
        _Setting(
            "config",
            "REDIRECTOR_CONFIG",
            str,
            "FILE",
            "JSON file of hubs, in the form of BinderHub's federationRedirect; needs nothing else running",
        ),
        _Setting(
            "balancer",
            "REDIRECTOR_BALANCER",
            _one_of(BALANCERS),
            "NAME",
            "how to choose a hub: rendezvous keeps each repository on one hub, random only follows the weights, "
            "balanced does both; when not given, as the snapshot says",
        ),
        _Setting(
            "cookie_age_hours",
            "REDIRECTOR_COOKIE_AGE_HOURS",
            _within(float, 0.0, 8784.0),
            "HOURS",
            "how long a visitor is sent to the same hub again; when not given, as the snapshot says",
        ),
        _Setting(
            "reason_header",
            "REDIRECTOR_REASON_HEADER",
            _switch,
            "",
            "say in X-Federation-Reason why a launch goes to its hub: home, spill, weighted, cookie or fallback",
        ),
        _Setting(
            "proxy",
            "REDIRECTOR_PROXY",
            _switch,
            "",
            "show the prime hub's pages for all that is no launch; without it, such visitors are redirected to a hub",
        ),
        _Setting(
            "proxy_timeout",
            "REDIRECTOR_PROXY_TIMEOUT",
            _within(float, 0.1, 86400.0),
            "SECONDS",
            "seconds a hub may take to answer a proxied request",
        ),
        _Setting(
            "proxy_max_body",
            "REDIRECTOR_PROXY_MAX_BODY",
            _within(int, 0, 2**40),
            "BYTES",
            "bytes the body of a proxied request may have",
        ),
        _Setting(
            "badge_url", "REDIRECTOR_BADGE_URL", str, "URL", "where /badge.svg and /badge_logo.svg are redirected to"
        ),
        _Setting(
            "launch_host",
            "REDIRECTOR_LAUNCH_HOST",
            str,
            "URL",
            "public address of the federation, told to the hubs as X-Binder-Launch-Host",
        ),
        _Setting(
            "allow_private_hubs",
            "ALLOW_PRIVATE_HUBS",
            _switch,
            "",
            "for development only: let hubs have plain http and private or loopback addresses",
        ),
        _Setting("log_format", "LOG_FORMAT", _one_of(LOG_FORMATS), "NAME", "how to write log lines: keyvalue or json"),
        _Setting("log_level", "LOG_LEVEL", _one_of(LOG_LEVELS), "NAME", "lowest level that is logged"),
        _Setting(
            "graceful_timeout",
            "REDIRECTOR_GRACEFUL_TIMEOUT",
            _within(float, 0.0, 86400.0),
            "SECONDS",
            "seconds that requests under way get to finish when the redirector is told to stop",
        ),
    )
}
