"""Members and contacts as tables: looked at before anything is written, row by row, by the same rules as the forms."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from members.models import Contact, Member
from tests.factories import make_contact, make_hub, make_maintainer, make_member, make_user
from tests.routing.reading import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def office(client):
    client.force_login(make_maintainer("mara"))
    return client


def bring(client, model: str, text: str | bytes):
    """Send a table; the page with the preview, or with what is wrong."""
    content = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile("table.csv", content, "text/csv")
    return client.post(reverse(f"admin:members_{model}_import"), {"import_file": file, "format": "0", "resource": ""})


def confirm(client, model: str, preview):
    form = preview.context["confirm_form"]
    return client.post(reverse(f"admin:members_{model}_process_import"), form.initial)


def table(client, model: str) -> list[dict[str, str]]:
    form = client.get(reverse(f"admin:members_{model}_export")).context["form"]
    chosen = {name: "on" for name in form.fields if name.startswith(f"{model}resource")}
    answer = client.post(reverse(f"admin:members_{model}_export"), {"format": "0", "resource": "0", **chosen})
    return list(csv.DictReader(StringIO(answer.content.decode())))


def test_a_table_is_shown_first_and_written_when_confirmed(office):
    make_member("stars", name="Star Lab")

    preview = bring(office, "member", "slug,name,funded_by\nstars,Star Lab,The Trust\nmoss,Moss Library,\n")

    assert not Member.objects.filter(slug="moss").exists()
    assert Member.objects.get(slug="stars").funded_by == ""
    assert confirm(office, "member", preview).status_code == 302
    stars, moss = Member.objects.get(slug="stars"), Member.objects.get(slug="moss")
    assert (stars.funded_by, stars.history.first().history_user.username) == ("The Trust", "mara")
    assert moss.changes.get().to_state == "onboarding"


def test_what_has_no_column_stays_as_it_is(office):
    make_member("stars", name="Star Lab", summary="We look up.")

    confirm(office, "member", bring(office, "member", "slug,funded_by\nstars,The Trust\n"))

    assert Member.objects.get().summary == "We look up."


def test_each_bad_row_says_what_is_wrong_and_nothing_is_written(office):
    rows = "slug,name,website\ngood,Good,\nbad slug,Bad,\nworse,Worse,javascript:alert(1)\n"

    preview = bring(office, "member", rows)

    assert "confirm_form" not in preview.context
    said = text_of(preview.content)
    assert "Lower-case letters, digits and hyphens" in said
    assert "A web address begins with https://" in said
    assert not Member.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("slug,colour\na,red\n", "No such column: colour"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "while trying to read file"),
        ("slug,name\n" + "a,A\n" * 300_000, "are the most"),
        ("slug,name\n" + "a,A\n" * 2_001, "are the most"),
    ],
)
def test_what_is_no_table_of_members_is_refused_in_words(office, content, words):
    preview = bring(office, "member", content)

    assert "confirm_form" not in preview.context
    assert words in text_of(preview.content)


def test_a_formula_leaves_as_text_and_comes_back_as_it_was(office):
    evil = '=HYPERLINK("https://evil.example.org")'
    make_member("stars", name="Star Lab", summary=evil, run_by="-1+2", funded_by="'quoted")

    [row] = table(office, "member")

    assert (row["summary"], row["run_by"], row["funded_by"]) == (f"'{evil}", "'-1+2", "'quoted")
    text = StringIO()
    writer = csv.DictWriter(text, row)
    writer.writeheader()
    writer.writerow(row)
    preview = bring(office, "member", text.getvalue())
    assert preview.context["result"].totals["skip"] == 1


def test_contacts_go_out_and_come_back_by_their_member_and_address(office):
    member = make_hub("a").member
    make_contact(member, name="Ada", email="ada@example.org", roles=["technical", "on-call"])
    assert table(office, "contact")[0]["roles"] == "technical, on-call"

    new = f"member,email,name,roles,visibility\n{member.slug},ada@example.org,Ada L.,technical,public\n"
    new += f'{member.slug},bo@example.org,Bo,"technical, security",members\n'
    confirm(office, "contact", bring(office, "contact", new))

    ada, bo = Contact.objects.order_by("email")
    assert (ada.name, ada.visibility) == ("Ada L.", "public")
    assert (bo.roles, bo.email_confirmed_at) == (["technical", "security"], None)


def test_a_contact_of_nobody_is_a_row_that_is_wrong(office):
    preview = bring(office, "contact", "member,email,name,roles\nnobody,a@example.org,A,technical\n")

    assert "confirm_form" not in preview.context
    assert "No member has the slug “nobody”." in text_of(preview.content)
    assert not Contact.objects.exists()


def test_new_members_are_not_public_unless_the_table_says_so(office):
    make_member("moss", name="Moss Library")

    confirm(office, "member", bring(office, "member", "slug,name,state\nnew,New,\nknown,Known,active\nmoss,Moss,\n"))

    states = dict(Member.objects.values_list("slug", "state"))
    assert states == {"new": "onboarding", "known": "active", "moss": "active"}


def test_what_changed_since_the_preview_is_not_written_half(office):
    make_member("moss", name="Moss Library")
    preview = bring(office, "member", "slug,name,state\nmoss,Moss,active\nnew,New,\n")
    Member.objects.update(state="paused")

    answer = confirm(office, "member", preview)

    assert "Nothing was written" in text_of(office.get(answer.url).content)
    assert list(Member.objects.values_list("slug", "name")) == [("moss", "Moss Library")]
    again = bring(office, "member", "slug,name,state\nmoss,Moss Library,past\n")
    assert "It is paused. Change that on its own pages" in text_of(again.content)


def test_a_table_of_contacts_does_not_say_that_they_are_right(office):
    sheet = f"member,email,name,roles\n{make_member('stars').slug},a@b.example,A,technical\n"

    confirm(office, "contact", bring(office, "contact", sheet))

    assert Contact.objects.get().checked_at is None


def test_a_table_that_was_confirmed_is_not_confirmed_again(office):
    preview = bring(office, "member", "slug,name\nmoss,Moss Library\n")
    confirm(office, "member", preview)

    again = confirm(office, "member", preview)

    assert again.url == reverse("admin:members_member_import")
    assert "imported already" in text_of(office.get(again.url).content)


def test_contacts_that_share_an_address_come_back_by_their_names(office):
    member = make_member("stars")
    for name in ("Ada", "Bo"):
        make_contact(member, name=name, email="desk@example.org")
    sheet = "member,email,name,phone,roles\nstars,desk@example.org,Bo,555,technical\n"

    confirm(office, "contact", bring(office, "contact", sheet))

    assert dict(Contact.objects.values_list("name", "phone")) == {"Ada": "", "Bo": "555"}
    strange = bring(office, "contact", sheet.replace(",Bo,", ",Cy,"))
    assert "several contacts with the address" in text_of(strange.content)


def test_a_time_zone_that_there_is_not_is_refused(office):
    make_member("stars")
    sheet = "member,email,name,roles,time_zone\nstars,a@example.org,A,technical,Mars/Crater\n"

    assert "There is no time zone" in text_of(bring(office, "contact", sheet).content)


@pytest.mark.parametrize("page", ["import", "export"])
def test_tables_are_for_maintainers(client, page):
    client.force_login(make_user(is_staff=True))

    assert client.get(reverse(f"admin:members_contact_{page}")).status_code == 403
