"""The pages of a simulated hub: small, and plain about being a simulation and about which hub this is."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }}
body {{ max-width: 40rem; margin: 4rem auto; padding: 0 1rem; overflow-wrap: anywhere; }}
code {{ font-size: 0.95em; }}
</style></head>
<body>
<h1>{name}</h1>
<p>This is the simulated BinderHub <code>{key}</code>, a part of the demo federation. Nothing is built or run here.</p>
<dl><dt>You asked for</dt><dd><code>{path}</code></dd>
<dt>Your request came through</dt><dd><code>{host}</code></dd></dl>
{launch}
</body></html>
"""

LAUNCH = "<p>A real hub would now build this repository and open it for you.</p>"


def page(name: str, key: str, path: str, headers: Mapping[str, str]) -> str:
    """The page for any path; it names the host through which the visitor came."""
    host = headers.get("X-Forwarded-Host") or headers.get("Host", "")
    launch = LAUNCH if path.startswith("/v2/") else ""
    return PAGE.format(name=escape(name), key=escape(key), path=escape(path), host=escape(host), launch=launch)


def error(status: int, words: str) -> str:
    """An error page as Tornado writes it."""
    return f"<html><title>{status}: {words}</title><body>{status}: {words}</body></html>"
