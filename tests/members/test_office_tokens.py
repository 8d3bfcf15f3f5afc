"""Tokens in the office: seen, explained, revoked; no secret is known there."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Token
from tests.factories import make_maintainer, make_token, make_user
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def maintainer(client, redis_url):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


def url(page: str, *arguments) -> str:
    return reverse(f"admin:members_{page}", args=arguments)


def test_what_was_written_with_a_token_is_found(client):
    token = make_token(make_user("ada"), name="nightly")
    token.uses.create(method="POST", path="/api/v1/drift/", status=403)
    listed, one = text(client.get(url("token_changelist"))), text(client.get(url("token_change", token.pk)))
    assert "nightly" in listed
    assert "ada" in listed
    assert "POST /api/v1/drift/" in one
    assert token.digest not in one
    page = client.get(url("tokenuse_changelist"), {"token__id__exact": token.pk, "q": "drift"})
    assert "/api/v1/drift/" in text(page)


def test_a_maintainer_revokes_what_still_works_and_history_says_who(client, maintainer):
    good, expired = make_token(make_user("ada")), make_token(expires_at=timezone.now() - timedelta(days=1))
    page = client.post(
        url("token_changelist"), {"action": "revoke", "_selected_action": [good.pk, expired.pk]}, follow=True
    )
    assert "1 revoked" in text(page)
    assert list(Token.objects.exclude(revoked_at=None).values_list("pk", "revoked_by")) == [(good.pk, maintainer.pk)]


@pytest.mark.parametrize(("chosen", "found"), [("good", "one"), ("expired", "two"), ("revoked", "three")])
def test_tokens_are_found_by_their_state(client, chosen, found):
    long_ago = timezone.now() - timedelta(days=1)
    make_token(name="one")
    make_token(name="two", expires_at=long_ago)
    make_token(name="three", revoked_at=long_ago)
    page = client.get(url("token_changelist"), {"is": chosen})
    assert [each.name for each in page.context["cl"].result_list] == [found]
