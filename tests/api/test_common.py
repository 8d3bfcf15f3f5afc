"""What all of the API has in common: refusals, rates, caching, pages of other origins, copies that follow."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from federation.api import throttles
from members.models import Contact, Trace
from members.services import contacts
from tests.api.conftest import Caller, caller_for, problem
from tests.factories import (
    change_weights,
    make_contact,
    make_hub,
    make_incident,
    make_maintainer,
    make_member,
    make_offer,
)

pytestmark = pytest.mark.django_db


def raw(caller: Caller, body: bytes | str, content_type: str = "application/json"):
    headers = {"Authorization": f"Bearer {caller.token}"}
    return caller.client.post("/api/v1/weight-changes/", body, content_type=content_type, headers=headers)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"weights": {"a": NaN}, "reason": "r"}', 400),
        (b'{"weights": {"a": 1}, "reason": "\\ud800"}', 400),
        (b'{"weights": {"a": 1}, "reason": "\\u0000"}', 400),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"weights": ' + b'{"a": ' * 30_000 + b"1" + b"}" * 30_000 + b"}", 400),
        (b'{"reason": "' + b"x" * 10_000_000 + b'"}', 413),
        (b'{"weights": {"a": ' + b"9" * 100_000 + b"}}", 400),
    ],
    ids=["cut off", "no text", "NaN", "half a character", "null byte", "deep list", "deep", "10 MB", "endless number"],
)
def test_bodies_that_no_program_sends_are_refused_with_a_word(maintainer, body, status):
    make_hub("a")
    problem(raw(maintainer, body), status)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_the_api_reads_json_only(maintainer, kind):
    problem(raw(maintainer, "weights=1", kind), 415)


def test_the_api_speaks_json_only(anybody):
    problem(anybody.get("hubs/", Accept="text/html"), 406)


@pytest.mark.parametrize(
    "path", ["hubs/?member=%00", "hubs/?fields=%00", "hubs/?%00=1", "flips/?hub=%00", "members/%00/"]
)
def test_a_null_byte_in_an_address_does_no_harm(anybody, path):
    assert anybody.get(path).status_code in {400, 404}


@pytest.mark.parametrize("path", ["hubs/no/", "downtimes/9999999999999999/", "members/no/", "snapshots/0/", "x/"])
def test_what_is_not_there_is_a_problem(anybody, path):
    problem(anybody.get(path), 404)


def test_a_method_that_is_none_here_is_a_problem(maintainer):
    problem(maintainer.delete("hubs/"), 405)


def test_while_the_database_is_away_the_answer_says_when_to_come_back(anybody, monkeypatch):
    def away(*_):
        raise OperationalError("gone")

    monkeypatch.setattr("routing.api.hubs.Hubs.get_queryset", away)
    answer = anybody.get("hubs/")
    assert problem(answer, 503)["code"] == "away"
    assert int(answer["Retry-After"]) > 0


def test_a_fault_of_ours_is_a_problem_too(anybody, monkeypatch):
    def broken(*_):
        raise RuntimeError("a fault")

    monkeypatch.setattr("routing.api.hubs.Hubs.get_queryset", broken)
    anybody.client.raise_request_exception = False
    assert "fault" in problem(anybody.get("hubs/"), 500)["detail"]


def test_who_has_the_answer_already_gets_a_short_one(anybody):
    make_hub("a")
    etag = anybody.get("hubs/")["ETag"]
    assert (anybody.get("hubs/", If_None_Match=etag).status_code, anybody.get("hubs/").status_code) == (304, 200)
    assert anybody.get("hubs/", If_None_Match=f'"other", W/{etag}').content == b""
    change_weights(a=5)
    assert anybody.get("hubs/", If_None_Match=etag).status_code == 200


def test_pages_of_other_origins_read_and_never_write(anybody):
    read = anybody.get("hubs/", Origin="https://elsewhere.example")
    assert read["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in read
    asked = Client().options("/api/v1/hubs/", headers={"Origin": "https://elsewhere.example"})
    assert (asked.status_code, asked["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")
    assert "Authorization" not in asked["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in anybody.post("weight-changes/", {})


def test_each_caller_has_a_rate_and_is_told_of_it(anybody, settings, redis_url):
    settings.API_RATE_ANYBODY, settings.API_RATE_WRITES = "3/minute", "2/minute"
    first = anybody.get("hubs/")
    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("3", "2")
    assert 0 < int(first["RateLimit-Reset"]) <= 61
    assert [anybody.get("hubs/").status_code for _ in range(3)] == [200, 200, 429]
    assert anybody.get("me/").status_code == 429
    late = anybody.get("hubs/")
    problem(late, 429)
    assert 0 < int(late["Retry-After"]) <= 61
    # Others go on, and so do their writes until their own end.
    other = caller_for(make_maintainer())
    assert other.get("hubs/").status_code == 200
    assert [other.post("weight-changes/", {}).status_code for _ in range(3)] == [400, 400, 429]


def test_who_is_refused_is_counted_too(settings, redis_url, db):
    settings.API_RATE_ANYBODY = "2/minute"
    wrong = [Caller("fed_wrong").get("hubs/") for _ in range(3)]
    assert [each.status_code for each in wrong] == [401, 401, 429]
    assert wrong[0]["RateLimit-Remaining"] == "1"


def test_without_redis_nobody_is_counted_and_nobody_refused(anybody, settings, free_port):
    settings.REDIS_URL, settings.API_RATE_ANYBODY = f"redis://127.0.0.1:{free_port}/0", "1/minute"
    answers = [anybody.get("hubs/") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 200]
    assert "RateLimit-Limit" not in answers[0]
    throttles.forget_outage()


def since(moment) -> str:
    return urlencode({"updated_since": moment.isoformat()})


@pytest.fixture
def long_ago():
    """What was made until now was made an hour ago."""

    def do():
        Trace.objects.update(at=timezone.now() - timedelta(hours=1))
        return timezone.now() - timedelta(minutes=5)

    return do


def test_a_copy_follows_by_asking_what_changed(maintainer, long_ago):
    make_hub("a")
    make_hub("b")
    moment = long_ago()
    assert maintainer.get(f"hubs/?{since(moment)}").json()["results"] == []
    change_weights(a=5)
    answer = maintainer.get(f"hubs/?{since(moment)}").json()
    assert ([each["key"] for each in answer["results"]], answer["gone"]) == (["a"], [])


def test_what_was_removed_leaves_a_tombstone(maintainer, long_ago):
    member = make_member()
    kept, removed = make_contact(member), make_contact(member)
    moment = long_ago()
    contacts.remove(removed, by=None)
    answer = maintainer.get(f"contacts/?{since(moment)}").json()
    assert [each["name"] for each in answer["gone"]] == [str(removed.pk)]
    assert answer["results"] == []
    assert [each["id"] for each in maintainer.get("contacts/").json()["results"]] == [kept.pk]


def test_what_was_hidden_from_the_caller_is_gone_for_them(anybody, maintainer, long_ago):
    contact = make_contact(visibility="public")
    moment = long_ago()
    Contact.objects.update(visibility="maintainers")
    assert [each["name"] for each in anybody.get(f"contacts/?{since(moment)}").json()["gone"]] == [str(contact.pk)]
    assert maintainer.get(f"contacts/?{since(moment)}").json()["gone"] == []


def test_what_the_caller_could_never_see_is_not_told_to_be_gone(anybody, maintainer, long_ago):
    moment = long_ago()
    contact, member = make_contact(visibility="maintainers"), make_member("soon", state="onboarding")
    offer, incident = make_offer(state="proposed"), make_incident(draft=True)
    removed = make_contact(visibility="public")
    contacts.remove(removed, by=None)
    contacts.remove(contact, by=None)
    assert [each["name"] for each in anybody.get(f"contacts/?{since(moment)}").json()["gone"]] == [str(removed.pk)]
    assert len(maintainer.get(f"contacts/?{since(moment)}").json()["gone"]) == 2
    for path, row in {"members": member.slug, "offers": offer.pk, "incidents": incident.pk}.items():
        found = anybody.get(f"{path}/?{since(moment)}").json()
        assert str(row) not in {each["name"] for each in found["gone"]}


def test_an_update_changes_its_incident(anybody, long_ago):
    incident = make_incident()
    moment = long_ago()
    incident.updates.create(phase="monitoring", text="better")
    [found] = anybody.get(f"incidents/?{since(moment)}").json()["results"]
    assert [each["phase"] for each in found["updates"]] == ["monitoring", "investigating"]


@pytest.mark.parametrize("moment", ["yesterday", "", "2026-13-01T00:00:00Z", "99999-01-01T00:00:00Z"])
def test_since_a_moment_that_is_none(anybody, moment):
    found = problem(anybody.get(f"hubs/?{urlencode({'updated_since': moment})}"), 400)
    assert found["errors"][0]["where"] == "?updated_since"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-23T10:00:00+14:00"])
def test_since_a_moment_far_away(anybody, moment):
    make_hub("a")
    assert anybody.get(f"hubs/?{urlencode({'updated_since': moment})}").status_code == 200
    assert anybody.get(f"flips/?{urlencode({'since': moment})}").status_code == 200


def test_what_was_written_with_a_token_is_kept(db):
    caller = caller_for(make_maintainer(), "read", "weights")
    make_hub("a")
    caller.get("hubs/")
    caller.post("weight-changes/", {"weights": {"a": 3}, "reason": "r"}, Idempotency_Key="x")
    caller.post("weight-changes/", {"weights": {"a": -3}, "reason": "r"}, Idempotency_Key="y")
    caller.post("hubs/a/drain/", {"reason": "r"})
    from members.models import Token

    uses = Token.objects.get().uses.order_by("id").values_list("method", "path", "status")
    assert list(uses) == [
        ("POST", "/api/v1/weight-changes/", 201),
        ("POST", "/api/v1/weight-changes/", 400),
        ("POST", "/api/v1/hubs/a/drain/", 403),
    ]
