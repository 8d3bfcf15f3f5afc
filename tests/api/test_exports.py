"""Tables of what is not public: for whom the portal knows, with the rows and fields that they see."""

import csv
import io

import pytest

from members.models import Role
from tests.api.conftest import caller_for, problem
from tests.factories import (
    make_contact,
    make_federation_report,
    make_maintainer,
    make_meeting,
    make_member,
    make_offer,
    make_person,
    make_report,
)

pytestmark = pytest.mark.django_db
TABLES = ("contacts", "offers", "reports")


def rows(caller, name: str) -> list[dict[str, str]]:
    answer = caller.get(f"exports/{name}.csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.fixture
def member():
    member = make_member("ovh")
    make_contact(member, name="=SUM(A1)", phone="112", visibility="maintainers")
    make_contact(member, name="Ada", visibility="members")
    make_offer(member, billing_account="XY-1")
    make_report(member, news="New disks.")
    return member


def test_each_caller_gets_what_they_see_and_nothing_else(member, anybody):
    own, other = caller_for(make_person(member)), caller_for(make_person(make_member("gesis"), Role.VIEWER))
    assert [row["name"] for row in rows(own, "contacts")] == ["'=SUM(A1)", "Ada"]
    assert [row["name"] for row in rows(other, "contacts")] == ["Ada"]
    assert [rows(who, "offers")[0]["billing_account"] for who in (own, other)] == ["XY-1", ""]
    assert [[row["month"] for row in rows(who, "reports")] for who in (own, other)] == [["2026-10"], []]
    for name in TABLES:
        problem(anybody.get(f"exports/{name}.csv"), 401)
        problem(own.get(f"exports/{name}.json"), 404)


def test_a_token_needs_the_scope_exports(member):
    without, only = caller_for(make_maintainer(), "read", "members"), caller_for(make_maintainer(), "exports")
    for name in TABLES:
        assert "exports" in problem(without.get(f"exports/{name}.csv"), 403)["detail"]
        assert rows(only, name)
    assert without.get("exports/hubs.csv").status_code == 200


def test_the_same_table_is_the_same_bytes_and_is_kept_by_no_other(maintainer, member):
    first = maintainer.get("exports/contacts.csv")
    assert first["Cache-Control"] == "private, no-cache"
    assert maintainer.get("exports/contacts.csv", If_None_Match=first["ETag"]).status_code == 304


def test_what_there_is_says_what_is_public(anybody):
    found = {each["name"]: each["public"] for each in anybody.get("exports/").json()}
    assert {name for name, public in found.items() if not public} == set(TABLES)


def test_meetings_and_reports_are_exported_without_links(anybody):
    make_meeting(title="Team, meeting", place="https://video.example.org/room")
    make_federation_report(state="published", figures={"redirects": 7, "incidents": []})
    calendar = anybody.get("exports/meetings.ics").content.decode()
    assert "SUMMARY:Team\\, meeting\r\n" in calendar
    table = anybody.get("exports/meetings.csv").content.decode()
    assert "video.example.org" not in calendar + table
    assert rows(anybody, "federation-reports")[0]["redirects"] == "7"


def test_the_page_offers_the_tables_to_who_is_known(client):
    assert "contacts.csv" not in client.get("/exports/").content.decode()
    client.force_login(make_maintainer())
    assert "/api/v1/exports/contacts.csv" in client.get("/exports/").content.decode()
    assert client.get("/api/v1/exports/contacts.csv").status_code == 200
