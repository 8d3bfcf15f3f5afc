"""Comparing a list by the API."""

import pytest

from routing.services import exports
from tests.api.conftest import caller_for, problem
from tests.factories import make_hub, make_user

pytestmark = pytest.mark.django_db


def test_a_list_is_compared_and_not_kept(maintainer):
    make_hub("heron", weight=3)
    text = exports.write("hosts").decode().replace('"weight": 3', '"weight": 4')
    found = maintainer.post("drift/", {"name": "config.json", "content": text}).json()
    assert (found["lists"], found["problem"]) == (["hosts"], None)
    assert [(each["kind"], each["hub"]) for each in found["findings"]] == [("weight", "heron")]
    assert found["findings"][0]["text"] == "config.json gives HERON the weight 4; the portal has 3."


def test_what_is_no_list_says_so(maintainer):
    found = maintainer.post("drift/", {"name": "x", "content": "hello"}).json()
    assert (found["findings"], "none of the lists" in found["problem"]) == ([], True)


def test_it_needs_an_account_and_the_scope(anybody):
    body = {"name": "x", "content": ""}
    assert problem(anybody.post("drift/", body), 401)
    assert problem(caller_for(make_user(), "read").post("drift/", body), 403)
    assert caller_for(make_user(), "exports").post("drift/", body).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"name": "x"}, {"name": "x", "content": "a\0b"}, {"name": "x", "content": "", "y": 1}, []]
)
def test_a_body_that_makes_no_sense_is_refused(maintainer, body):
    problem(maintainer.post("drift/", body), 400)
