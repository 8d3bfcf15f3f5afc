"""Reading the hubs' part of a file: where a fault is, and never anything else of the file."""

import json

import pytest

from routing.services.hosts_documents import MAX_BYTES, DocumentError, read

BLOCK = """
secrets:
  token: &t very-secret-token
  again: *t
  odd: !!python/object:os.system rm
federationRedirect:
  enabled: true
  image: {name: x, tag: !custom y}
  load_balancer: random
  host_cookie_age_hours: 4
  check:
    period: 15
    jitter: 0.1
  hosts:
    gesis:
      prime: false
      url: https://notebooks.gesis.org/binder
      weight: 30
    bids: null
"""


def test_the_block_is_read_and_nothing_else():
    document = read(BLOCK.encode())
    assert document.data == {
        "federationRedirect": {
            "load_balancer": "random",
            "host_cookie_age_hours": 4,
            "check": {"period": 15, "jitter": 0.1},
            "hosts": {
                "gesis": {"prime": False, "url": "https://notebooks.gesis.org/binder", "weight": 30},
                "bids": None,
            },
        }
    }


def test_every_key_knows_its_line():
    assert read(BLOCK.encode()).lines["federationRedirect.hosts.gesis.weight"] == 18


def test_a_yaml_file_may_be_the_block_itself():
    assert read(b"hosts:\n  a: {url: 'https://a', weight: 1}\nimage: x\n").data == {
        "hosts": {"a": {"url": "https://a", "weight": 1}}
    }


def test_a_json_file_is_read_the_same_way():
    data = {"federationRedirect": {"hosts": {"a": None}, "image": {}}, "secrets": {"token": "x"}}
    assert read(json.dumps(data).encode()).data == {"federationRedirect": {"hosts": {"a": None}}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("'1'", "1"),
        ('"null"', "null"),
        ("0x10", "0x10"),
        (".nan", ".nan"),
        ("2026-01-01", "2026-01-01"),
        ("[1, a]", [1, "a"]),
    ],
)
def test_plain_values_are_what_yaml_means_by_them(text, value):
    assert read(f"hosts:\n  a: {text}\n".encode()).data == {"hosts": {"a": value}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hosts:\n  a: &x {weight: 1}\n  b: *x\n", "line 3: hosts.b: aliases"),
        ("hosts:\n  a:\n    <<: {weight: 1}\n", "line 3: merge keys"),
        ("hosts:\n  a: !!python/name:os.system x\n", "line 2: hosts.a: tags"),
        ("hosts:\n  a: {weight: 1}\n  a: {weight: 2}\n", "line 3: hosts.a is there twice"),
        ("hosts: {}\nhosts: {}\n", "line 2: hosts is there twice"),
        ("federationRedirect: {}\nfederationRedirect: {}\n", "line 2: federationRedirect is there twice"),
        ("hosts:\n  ? [a, b]\n  : 1\n", "line 2: a key"),
        ("hosts:\n  a: 'open\n", "line 3, column 1: not YAML"),
        ("hosts:\n\ta: 1\n", "line 2, column 1: not YAML"),
        ("- a\n- b\n", "line 1: there must be keys"),
        ("just text", "line 1: there must be keys"),
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("hosts: {}\n---\nhosts: {}\n", "more than one document"),
        ("hosts: " + "[" * 60 + "]" * 60, "line 1: nested too deep"),
        ('{"hosts": {"a": {"weight": 1,}}}', "line 1, column 30: not JSON"),
        ('{"hosts":\n {"a": 1,\n "a": 2}}', "hosts.a is there twice"),
        ('{"hosts": {}, "hosts": {}}', "hosts is there twice"),
        ('["hosts"]', "a list"),
        ('{"hosts": ' + "[" * 100_000, "JSON"),
    ],
)
def test_a_fault_is_told_with_its_place(content, said):
    with pytest.raises(DocumentError, match=said.replace("(", r"\(").replace("[", r"\[")):
        read(content.encode())


@pytest.mark.parametrize(
    "content",
    [
        b"secrets:\n  token: very-secret-token\n  - broken: very-secret-token\nhosts: {}\n",
        b"secrets: 'very-secret-token\nhosts: {}\n",
        b'{"secrets": "very-secret-token" "hosts": {}}',
        b"secrets: *very-secret-token\n  hosts: {}\n",
        b"%TAG very-secret-token\n---\nhosts: {}",
        b"secrets: @very-secret-token\nhosts: {}",
    ],
)
def test_an_error_repeats_nothing_of_the_file(content):
    with pytest.raises(DocumentError) as caught:
        read(content)
    assert "secret-token" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_alias_bomb_elsewhere_in_the_file_costs_nothing():
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{f'*{chr(97 + i)}, ' * 9}]\n" for i in range(9))
    assert read(f"{bomb}federationRedirect: {{hosts: {{}}}}\n".encode()).data == {"federationRedirect": {"hosts": {}}}


def test_a_huge_file_is_not_read():
    with pytest.raises(DocumentError, match="too big"):
        read(b"#" * (MAX_BYTES + 1))


def test_a_file_that_is_not_text_names_the_line():
    with pytest.raises(DocumentError, match="line 2: the file is not UTF-8"):
        read(b"hosts:\n  a: \xff\n")


def test_a_byte_order_mark_is_no_fault():
    assert read(b"\xef\xbb\xbfhosts: {}\n").data == {"hosts": {}}
