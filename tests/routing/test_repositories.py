"""The names of repositories: one for all refs, none for what nobody should read, and the way back to the balancer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.balancing import cache_key
from routing.repositories import address, name_of, path_of, shown
from routing.usage_batches import is_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/build/gh/Binder-Examples/Requirements/HEAD", "gh/binder-examples/requirements"),
        (b"/build/gh/binder-examples/requirements/v1.0", "gh/binder-examples/requirements"),
        (b"/build/gl/group%2Fproject/main", "gl/group%2fproject/main"),
        (b"/build/zenodo/10.5281/zenodo.3242074", "zenodo/10.5281/zenodo.3242074"),
        (b"/build/git/https%3A%2F%2Fexample.org%2Fa.git/main", "git/https%3a%2f%2fexample.org%2fa.git/main"),
    ],
)
def test_a_repository_has_one_name(path, name):
    assert name_of(path) == name


@pytest.mark.parametrize(
    "path",
    [
        b"/build/git/https%3A%2F%2Fme%3Asecret%40example.org%2Fa/main",
        b"/build/git/https%3A%2F%2Fme%3Asecret%2540example.org%2Fa/main",
        b"/build/git/https%3A%2F%2Fexample.org%2Fa%3Ftoken%3Dsecret/main",
        b"/build/gh/a/b@c/main",
        b"/build/nobody/knows/this",
        b"/build/gh",
        b"/build/",
        b"/elsewhere/gh/a/b/c",
        b"/build/gh/" + b"a" * 500 + b"/b/c",
        b"/build/gh/a/\xff\xfe/c",
        b"/build/gh/a/\x00\n/c",
    ],
)
def test_what_may_hold_a_secret_or_makes_no_sense_has_no_name(path):
    assert name_of(path) is None


@given(st.binary(max_size=40))
def test_any_path_has_a_good_name_or_none_and_the_name_leads_to_the_same_key(tail):
    path = b"/build/gh/" + tail
    name = name_of(path)
    if name is not None:
        assert is_name(name)
        assert cache_key(path_of(name)) == cache_key(path)
        assert name_of(path_of(name)) == name


def test_people_read_owner_and_repository_and_may_follow_the_link():
    assert (shown("gh/a/b.c"), address("gh/a/b.c")) == ("a/b.c", "https://github.com/a/b.c")


def test_only_what_is_certain_is_a_link():
    assert (shown("gl/group%2fproject/main"), address("gl/group%2fproject/main")) == ("gl/group/project/main", "")
    assert (shown("gh/a/%0a<b>"), address("gh/a/%0a<b>")) == ("gh/a/%0a<b>", "")
