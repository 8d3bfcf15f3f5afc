"""Reports by the API: written by members, read by their own people; what the federation publishes, by everybody."""

from datetime import date

import pytest

from members.models import Report, Role
from tests.api.conftest import caller_for, problem
from tests.factories import make_federation_report, make_hub, make_member, make_person, make_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> Report:
    return make_report(make_hub("heron", member=make_member("ovh")).member)


@pytest.fixture
def editor(report):
    return caller_for(make_person(report.member, Role.EDITOR))


def test_a_report_is_drafted_and_submitted_with_the_figures_of_the_moment(editor, report):
    path = f"reports/{report.pk}/"
    first = editor.get(path)
    assert (first.json()["month"], first.json()["figures"]["month"]) == ("2026-10", "2026-10")
    draft = editor.patch(path, {"news": "New disks."}, If_Match=first["ETag"])
    assert (draft.json()["state"], draft.json()["news"]) == ("draft", "New disks.")
    problem(editor.patch(path, {"news": "No disks."}, If_Match=first["ETag"]), 412)
    done = editor.post(f"{path}submit/", {"plans": "More disks."}, Idempotency_Key="one").json()
    assert (done["state"], done["plans"], done["figures"]["month"]) == ("submitted", "More disks.", "2026-10")
    assert editor.post(f"{path}submit/", {"plans": "More disks."}, Idempotency_Key="one").json() == done
    problem(editor.patch(path, {"news": "No disks."}), 409)


def test_a_month_is_skipped_and_written_after_all_and_reopened(editor, maintainer, report):
    path = f"reports/{report.pk}/"
    assert editor.post(f"{path}skip/", {}).json()["state"] == "skipped"
    problem(editor.post(f"{path}submit/", {}), 409)
    assert editor.post(f"{path}resume/", {}).json()["state"] == "open"
    editor.post(f"{path}submit/", {"news": "None."})
    problem(editor.post(f"{path}reopen/", {"reason": "a slip"}), 403)
    assert maintainer.post(f"{path}reopen/", {"reason": "a slip"}).json()["reopen_reason"] == "a slip"


def test_only_its_own_people_and_maintainers_read_a_members_report(report, maintainer, anybody):
    other = caller_for(make_person(make_member("gesis"), Role.MANAGER))
    problem(anybody.get("reports/"), 401)
    assert other.get("reports/").json()["results"] == []
    problem(other.get(f"reports/{report.pk}/"), 404)
    problem(other.post(f"reports/{report.pk}/submit/", {}), 404)
    assert len(maintainer.get("reports/?month=2026-10&member=ovh").json()["results"]) == 1
    assert problem(maintainer.get("reports/?month=october"), 400)["errors"][0]["where"] == "?month"


def test_the_federations_report_is_begun_edited_and_published_for_everybody(maintainer, anybody, report):
    Report.objects.update(state="submitted", submitted_at="2026-11-05T00:00:00Z", news="New disks.")
    made = maintainer.post("federation-reports/", {"month": "2026-10"})
    path = made["Location"].removeprefix("/api/v1/")
    assert (made.status_code, path) == (201, "federation-reports/2026-10/")
    assert "New disks." in made.json()["news"]
    problem(anybody.get(path), 404)
    assert maintainer.patch(path, {"opening": "A quiet month."}, If_Match=made["ETag"]).status_code == 200
    assert maintainer.post(f"{path}publish/", {}).json()["state"] == "published"
    assert anybody.get(path).json()["opening"] == "A quiet month."
    assert anybody.get("federation-reports/").json()["results"][0]["figures"]["month"] == "2026-10"
    problem(maintainer.post(f"{path}publish/", {}), 422)
    assert maintainer.post(f"{path}take-back/", {"reason": "a slip"}).json()["state"] == "draft"
    problem(anybody.get(path), 404)


@pytest.mark.parametrize(("month", "status"), [("2026-13", 400), ("october", 400), ("2099-01", 422)])
def test_a_month_that_is_none_or_not_over_has_no_report(maintainer, month, status):
    problem(maintainer.post("federation-reports/", {"month": month}), status)


def test_lists_take_few_queries_whatever_their_length(maintainer, django_assert_max_num_queries):
    for number in range(8):
        make_report(make_member(), state="submitted", figures={"month": "2026-10"})
        make_federation_report(month=date(2026, number + 1, 1), state="published")
    maintainer.get("reports/")
    with django_assert_max_num_queries(8):
        assert len(maintainer.get("reports/").json()["results"]) == 8
    with django_assert_max_num_queries(8):
        assert len(maintainer.get("federation-reports/").json()["results"]) == 8
