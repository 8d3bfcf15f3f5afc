"""Markdown: what people type looks right, and nothing that they type is dangerous."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.markdown import TAGS, escape_markdown, render_markdown


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("Heron is **out**.", "<p>Heron is <strong>out</strong>.</p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("`x < y`", "<p><code>x &lt; y</code></p>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("a & b < c", "<p>a &amp; b &lt; c</p>"),
        (
            "[status](https://example.org/a?b=1&c=2)",
            '<p><a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener noreferrer">status</a></p>',
        ),
        ("# not a heading", "<p># not a heading</p>"),
        ("", ""),
    ],
)
def test_what_people_type_looks_as_they_mean_it(typed, html):
    assert render_markdown(typed).strip() == html


HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/pixel.gif)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&#x3A;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/admin/logout/)",
    "<javascript:alert(1)>",
    '[x](https://a.example/"onmouseover="alert(1))',
    '[x](https://a.example "title\\" onclick=alert(1)")',
    "[x]: javascript:alert(1)\n\n[x]",
    "<svg/onload=alert(1)>",
    "<iframe src=https://evil.example></iframe>",
    "<style>body{display:none}</style>",
    "<a href=javascript:alert(1)>x</a>",
    "<!-- <script> -->",
    '```html"onload=alert(1)\n<script>alert(1)</script>\n```',
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "\0<scr\0ipt>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<form action=https://evil.example><input name=password></form>",
]


def tags(html: str) -> list[tuple[str, dict[str, str]]]:
    """The tags of a text and their attributes, found as a browser would: by the first < that a letter follows."""
    found = re.findall(r"<([a-zA-Z!?][^\s/>]*)([^>]*)>", html)
    return [(name, dict(re.findall(r'([^\s="/]+)="([^"]*)"', rest))) for name, rest in found]


def is_safe(html: str) -> bool:
    return all(
        name in TAGS
        and set(attributes) <= {"href", "rel", "title"}
        and attributes.get("href", "https:").startswith(("https:", "http:", "mailto:"))
        for name, attributes in tags(html)
    )


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_that_is_typed_becomes_dangerous(typed):
    assert is_safe(render_markdown(typed))


@pytest.mark.parametrize("typed", [each for each in HOSTILE if each.startswith("<script")])
def test_html_shows_as_it_was_typed(typed):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in render_markdown(typed)


@given(st.text(alphabet=st.sampled_from("<>()[]!`*_\"'&#;:/\\ \n\tajsx1"), max_size=60))
def test_no_mixture_of_signs_becomes_dangerous(typed):
    assert is_safe(render_markdown(typed))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_an_escaped_text_is_shown_as_it_is(text):
    shown = re.sub(r"<[^>]+>", "", render_markdown(f"x {escape_markdown(text)} x"))
    plain = shown.strip().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("&nbsp;", "\xa0")
    assert plain.split() == ["x", *text.split(), "x"]


@pytest.mark.parametrize("typed", ["[" * 5000, "*a " * 1666, ">" * 5000, "`" * 4999, "- " * 2500, "[a](" * 1250])
def test_a_text_of_full_length_takes_no_time(typed):
    start = time.monotonic()
    render_markdown(typed)
    assert time.monotonic() - start < 2
