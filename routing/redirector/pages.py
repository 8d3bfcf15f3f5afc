"""The one page the redirector has of its own, ready in memory: it must show when nothing else works."""

from __future__ import annotations

from typing import Final

RETRY_AFTER: Final = 30

UNAVAILABLE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>No hub answers right now</title>
<style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --soft: #57606a; --line: #d0d7de; --link: #0b57a4; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e6e9ec; --soft: #a3adb8; --line: #38404a; --link: #79b8ff; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 34rem; margin: 12vh auto; padding: 1.5rem; }
h1 { font-size: 1.44rem; line-height: 1.3; margin: 0 0 1rem; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); border-top: 1px solid var(--line); padding-top: 1rem; }
a { color: var(--link); }
</style>
</head>
<body>
<main>
<h1>No hub answers right now</h1>
<p>The hubs that run Binder are all busy or away for a moment. It is not your fault, and nothing of yours is lost: your
link is fine and will work again.</p>
<p><a href="">Try again</a> in a minute. If it goes on for longer, the people who run the hubs will know by then.</p>
<p class="soft">503 – service unavailable</p>
</main>
</body>
</html>
""".encode()
