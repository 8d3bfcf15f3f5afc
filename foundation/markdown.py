"""Markdown that people typed, as HTML that is safe on any page."""

from __future__ import annotations

import re
from typing import Final

import nh3
from markdown_it import MarkdownIt

from foundation import texts

TAGS: Final = frozenset(["p", "br", "hr", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li", "a"])
# For those who write it.
HINT: Final = (
    "Markdown: paragraphs, lists, **bold**, `code`, > quotes and [links](https://…); no headings, no pictures."
)
LINK: Final = "nofollow noopener noreferrer"
PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")

# No raw HTML, no pictures (they would tell a stranger who reads the page), no headings (the page has its own).
_parser: Final = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(
    ["html_block", "html_inline", "image", "heading", "lheading"]
)


def render_markdown(text: str) -> str:
    """Safe HTML of a text: paragraphs, lists, emphasis, code, quotes and links; all else shows as it was typed.

    What comes out of the parser is cleaned once more, so that a fault in one of the two opens nothing.
    """
    html = _parser.render(texts.clean(text))
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=LINK,
        url_relative="deny",
    )


def escape_markdown(text: str) -> str:
    """A text from elsewhere, to be shown in markdown just as it is, in one line."""
    return PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
