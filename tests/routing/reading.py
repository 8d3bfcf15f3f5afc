"""Pages as their readers see them."""

from __future__ import annotations

from html.parser import HTMLParser


class Text(HTMLParser):
    """The words of a page, as one line."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    def __str__(self) -> str:
        return " ".join(self.words)


def text_of(html: str | bytes) -> str:
    """The words of a page."""
    return str(Text(html.decode() if isinstance(html, bytes) else html))
