"""The words of the public pages: shipped, edited, restored, and never more than text."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.models import Text
from members.services import shipped_texts, texts
from tests.factories import make_maintainer

pytestmark = pytest.mark.django_db


def change(client, key: str, **values: str) -> int:
    """What a maintainer does with the form; the status of the answer."""
    text = Text.objects.get(key=key)
    data = {"part": text.part, "position": text.position, "title": text.title, "body": text.body, **values}
    return client.post(reverse("admin:members_text_change", args=[text.pk]), data).status_code


@pytest.fixture
def maintainer(client):
    client.force_login(make_maintainer())
    return client


def test_every_page_has_words_from_the_start(client):
    assert Text.objects.count() == len(shipped_texts.SHIPPED)
    for page in ("home", "members", "how-it-works", "join"):
        assert client.get(reverse(page)).status_code == 200


def test_what_a_maintainer_writes_shows_at_once_and_stays_through_releases(maintainer):
    assert change(maintainer, "join", title="Come in", body="We have *cake*.") == 302

    texts.ship()

    page = maintainer.get("/join/").content.decode()
    assert "<h1>Come in</h1>" in page
    assert "<em>cake</em>" in page


def test_a_release_brings_better_words_where_nobody_wrote_any(monkeypatch):
    Text.objects.filter(key="how").update(title="As it was in the last release")
    Text.objects.create(key="gone", part="how", title="No release has this any more", body="It was here once.")

    texts.ship()

    assert Text.objects.get(key="how").title == "How it works"
    assert not Text.objects.filter(key="gone").exists()


def test_the_shipped_words_can_be_had_back(maintainer):
    change(maintainer, "join", title="Come in")
    own = Text.objects.create(part="questions", title="Is there cake?", body="Yes.")
    chosen = [Text.objects.get(key="join").pk, own.pk]

    maintainer.post(reverse("admin:members_text_changelist"), {"action": "restore", "_selected_action": chosen})

    assert Text.objects.get(key="join").title == "Join the federation"
    assert Text.objects.get(pk=own.pk).title == "Is there cake?"


def test_a_question_can_be_added_and_one_without_an_answer_is_not_shown(maintainer):
    values = {"part": "questions", "position": 5, "title": "Is there cake?", "body": "Yes."}
    assert maintainer.post(reverse("admin:members_text_add"), values).status_code == 302
    change(maintainer, "question-misuse", body="")

    page = maintainer.get("/join/").content.decode()

    assert page.index("Is there cake?") < page.index("How large must it be?")
    assert "<summary>What about misuse?" not in page


def test_a_page_whose_lead_was_emptied_keeps_its_heading(maintainer):
    change(maintainer, "members", body="")

    assert "<h1>Who powers this</h1>" in maintainer.get("/members/").content.decode()


def test_no_text_is_more_than_text(maintainer):
    change(
        maintainer,
        "how",
        title="<b>x",
        body="<script>alert(1)</script> [a](javascript:alert(1)) ![b](https://c.example/d)",
    )

    page = maintainer.get("/how-it-works/").content.decode()

    assert "&lt;b&gt;x" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page


@pytest.mark.parametrize("page", ["how-it-works", "join"])
def test_a_page_of_words_costs_few_queries(client, page, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        client.get(reverse(page))
