"""A member's own pages: what editors type is kept, wrong or stale, and nothing of another member is reached."""

import pytest

from members.models import ComputeOffer, Contact, Member, ProposedChange, ReviewedField, Role
from members.services import records
from tests.factories import make_contact, make_maintainer, make_member, make_offer, make_person

pytestmark = pytest.mark.django_db

RECORD = {
    "name": "Heron",
    "mode": "member",
    "website": "",
    "summary": "",
    "story": "",
    "funded_by": "",
    "funded_by_url": "",
    "run_by": "",
    "run_by_url": "",
    "time_zone": "",
}
CONTACT = {
    "name": "Ada",
    "roles": ["technical"],
    "email": "ada@example.org",
    "visibility": "members",
    "position": "1",
    "chat": "",
    "phone": "",
    "time_zone": "",
}


@pytest.fixture
def member():
    return make_member("heron")


@pytest.fixture
def ada(client, member):
    """The client is ada, an editor."""
    ada = make_person(member, Role.EDITOR, "ada")
    client.force_login(ada)
    return ada


def typed(**values):
    return {**RECORD, **values}


def test_the_record_is_saved_and_public_at_once(client, ada, member):
    answer = client.post("/my/heron/record/", typed(summary="We compute.", website="example.org"), follow=True)
    assert "Saved: it is public now." in answer.content.decode()
    member.refresh_from_db()
    assert (member.summary, member.website) == ("We compute.", "https://example.org")


def test_a_stale_edit_is_told_and_loses_nothing(client, ada, member):
    seen = member.fingerprint
    records.edit(member, {"summary": "By the other one."}, by=make_person(member, name="bo"))
    answer = client.post("/my/heron/record/", typed(summary="By ada.", story="Long story.", seen=seen))
    page = answer.content.decode()
    assert "bo changed this since you opened it: summary" in page
    assert "By ada." in page
    assert "Long story." in page
    member.refresh_from_db()
    assert member.summary == "By the other one."
    assert "It says “By the other one.” now. If you save again, yours takes its place." in page
    again = answer.context["form"].data["seen"]
    client.post("/my/heron/record/", typed(summary="By ada.", story="Long story.", seen=again))
    member.refresh_from_db()
    assert (member.summary, member.story) == ("By ada.", "Long story.")


def test_what_only_the_other_one_changed_is_taken_over_and_not_put_back(client, ada, member):
    before = typed(summary="As it was.")
    client.post("/my/heron/record/", before)
    member.refresh_from_db()
    seen, bo = member.fingerprint, make_person(member, name="bo")
    records.edit(member, {"summary": "By bo."}, by=bo)
    records.edit(member, {"funded_by": "Bo's fund"}, by=bo)
    page = client.post("/my/heron/record/", {**before, "story": "By ada.", "seen": seen})
    assert page.context["form"].errors.keys() == {"__all__"}
    client.post(
        "/my/heron/record/", {key: page.context["form"][key].value() or "" for key in [*before, "story", "seen"]}
    )
    member.refresh_from_db()
    assert (member.summary, member.funded_by, member.story) == ("By bo.", "Bo's fund", "By ada.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("website", "javascript:alert(1)"),
        ("summary", 10_000 * "x"),
        ("name", ""),
        ("time_zone", "Moon/Sea"),
        ("name", "nul\0"),
    ],
)
def test_what_is_wrong_is_said_beside_it_with_all_that_was_typed(client, ada, member, name, value):
    answer = client.post("/my/heron/record/", typed(**{"story": "Long story.", name: value}))
    assert answer.context["form"].errors.keys() == {name}
    assert "Long story." in answer.content.decode()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK(1)", "مركز الحوسبة", "Räume 🛰️", "x" * 100])
def test_strange_names_are_kept_and_shown_as_they_are(client, ada, member, name):
    answer = client.post("/my/heron/record/", typed(name=name), follow=True)
    assert Member.objects.get(pk=member.pk).name == name
    assert b"<script>alert" not in answer.content


def test_saving_twice_changes_once(client, ada, member):
    for _ in range(2):
        client.post("/my/heron/record/", typed(summary="Twice.", seen=Member.objects.get(pk=member.pk).fingerprint))
    assert member.history.filter(history_type="~").count() == 1


def test_a_reviewed_fact_waits_and_a_maintainer_publishes_it(client, ada, member):
    ReviewedField.objects.create(field="name")
    answer = client.post("/my/heron/record/", typed(name="Heron II"), follow=True)
    assert "A maintainer looks at this first" in answer.content.decode()
    change = ProposedChange.objects.get()
    decide = f"/my/heron/record/{change.pk}/decide/"
    assert client.post(decide, {"verb": "accept"}).status_code == 403
    client.force_login(make_maintainer())
    client.post(decide, {"verb": "accept"})
    assert Member.objects.get(pk=member.pk).name == "Heron II"


def test_a_contact_is_added_changed_checked_and_removed(client, ada, member):
    client.post("/my/heron/contacts/add/", CONTACT)
    contact = Contact.objects.get()
    client.post(f"/my/heron/contacts/{contact.pk}/", {**CONTACT, "phone": "+49 1", "seen": contact.fingerprint})
    assert Contact.objects.get().phone == "+49 1"
    for verb, said in (("right", "is right as of today"), ("ask", "on its way"), ("remove", "no contact any more")):
        answer = client.post(f"/my/heron/contacts/{contact.pk}/act/", {"verb": verb}, follow=True)
        assert said in answer.content.decode()
    assert not Contact.objects.exists()


def test_an_offer_is_proposed_and_decided(client, ada, member):
    client.post("/my/heron/offers/add/", {"title": "Credits", "amount": "10", "currency": "EUR", "regions": "a, b"})
    offer = ComputeOffer.objects.get()
    assert (offer.state, offer.regions) == ("proposed", ["a", "b"])
    assert client.post(f"/my/heron/offers/{offer.pk}/act/", {"verb": "accept"}).status_code == 403
    client.force_login(make_maintainer())
    client.post(f"/my/heron/offers/{offer.pk}/act/", {"verb": "accept"})
    assert ComputeOffer.objects.get().state == "active"


def test_editors_neither_see_nor_type_the_billing_account(client, ada, member):
    offer = make_offer(member, billing_account="ACCOUNT-1")
    assert b"ACCOUNT-1" not in client.get("/my/heron/offers/").content
    page = f"/my/heron/offers/{offer.pk}/"
    assert b"ACCOUNT-1" not in client.get(page).content
    client.post(page, {"title": "New title", "billing_account": "forged", "seen": offer.fingerprint})
    offer.refresh_from_db()
    assert (offer.title, offer.billing_account) == ("New title", "ACCOUNT-1")
    client.force_login(make_person(member))
    assert b"ACCOUNT-1" in client.get("/my/heron/offers/").content


def test_rows_of_another_member_are_not_there(client, ada):
    contact, offer = make_contact(), make_offer(state="proposed")
    for path in (f"contacts/{contact.pk}/", f"offers/{offer.pk}/"):
        assert client.get(f"/my/heron/{path}").status_code == 404
        assert client.post(f"/my/heron/{path}act/", {"verb": "remove"}).status_code == 404
    offer = make_offer(Member.objects.get(slug="heron"))
    answer = client.post(f"/my/heron/offers/{offer.pk}/", {"title": "Mine", "team_contact": contact.pk})
    assert "team_contact" in answer.context["form"].errors


def test_history_is_readable(client, ada, member):
    client.post("/my/heron/record/", typed(summary="We compute."))
    client.post("/my/heron/contacts/add/", CONTACT)
    page = client.get("/my/heron/history/").content.decode()
    assert "added the contact Ada" in page
    assert "We compute." in page
    assert client.get("/my/heron/history/?before=nonsense").status_code == 200


@pytest.mark.parametrize("page", ["contacts", "offers", "history"])
def test_lists_ask_the_database_a_few_times_however_long(client, member, page, django_assert_max_num_queries):
    client.force_login(make_person(member))
    for _ in range(20):
        make_contact(member)
        make_offer(member)
    with django_assert_max_num_queries(18):
        assert client.get(f"/my/heron/{page}/").status_code == 200


def test_maintainers_choose_what_they_look_at_first_and_find_what_is_asked(client, ada, member):
    maintainer = make_maintainer()
    client.force_login(maintainer)
    client.post("/admin/members/reviewedfield/add/", {"field": "summary"})
    row = ReviewedField.objects.get()
    records.edit(member, {"summary": "New."}, by=ada)
    assert "Heron: another summary" in client.get("/my/").content.decode()
    assert "1 change of a record is to be looked at" in client.get("/admin/").content.decode()
    client.post(f"/admin/members/reviewedfield/{row.pk}/delete/", {"post": "yes"})
    assert not ReviewedField.objects.exists()
