"""What people typed, as it is kept."""

import pytest

from foundation import texts, weblinks


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada\tLovelace \n", "Ada Lovelace"),
        ("מרכז המחשוב", "מרכז המחשוב"),
        ("Räume 🛰️ 測試 👩‍💻", "Räume 🛰️ 測試 👩‍💻"),
        ("e\u0301te\u0301", "été"),
        ("nul\0 and bell\a", "nul and bell"),
        ("admin\u202egro.elpmaxe", "admingro.elpmaxe"),
        ("<b>bold</b>", "<b>bold</b>"),
    ],
)
def test_a_line_keeps_what_can_be_seen(typed, kept):
    assert texts.line(typed) == kept


def test_a_text_keeps_its_lines():
    assert texts.clean("\nOne\r\n\r\nTwo\x1b[0m\n") == "One\n\nTwo[0m"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" https://example.org/a?b=c#d ", "https://example.org/a?b=c#d"),
        ("https://аpple.com/", "https://xn--pple-43d.com/"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
    ],
)
def test_a_link_shows_where_it_leads(typed, kept):
    assert weblinks.plain(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)",
        "JaVaScRiPt://example.org/%0aalert(1)",
        "data:text/html,hi",
        "//example.org",
        "example.org",
        "https://",
        "https://user:password@example.org",
        "ftp://example.org",
        "https://exa mple.org",
        "",
    ],
)
def test_what_is_no_web_address_is_refused(typed):
    with pytest.raises(weblinks.BadLink):
        weblinks.plain(typed)
