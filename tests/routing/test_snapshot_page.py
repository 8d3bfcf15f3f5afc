"""The snapshot over HTTP, for redirectors that can't reach Redis."""

from unittest import mock

import pytest
from django.db import OperationalError
from django.urls import reverse

from routing import snapshot
from routing.services import publishing
from tests.factories import change_weights, make_hub

pytestmark = pytest.mark.django_db


@pytest.fixture
def url() -> str:
    return reverse("snapshot")


def test_the_newest_document_is_given_exactly_as_published(client, url):
    make_hub("a", name="Häb ✓")
    publishing.publish("first")
    response = client.get(url)
    assert response.content == publishing.newest_live().document.encode()
    assert snapshot.decode(response.content).version == 1
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-cache"


def test_who_has_it_already_gets_304(client, url):
    make_hub("a")
    publishing.publish("first")
    etag = client.get(url)["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = client.get(url, headers={"If-None-Match": known})
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)


def test_an_old_content_that_came_back_is_a_new_version(client, url):
    make_hub("a", weight=1)
    publishing.publish("first")
    etag = client.get(url)["ETag"]
    for weight in (2, 1):
        change_weights(a=weight)
        publishing.publish("next")
    response = client.get(url, headers={"If-None-Match": etag})
    assert response.status_code == 200
    assert snapshot.decode(response.content).version == 3


def test_it_costs_one_query_and_no_cookie(client, url, django_assert_max_num_queries):
    make_hub("a")
    publishing.publish("first")
    with django_assert_max_num_queries(1):
        response = client.get(url)
    assert not response.cookies


def test_nothing_published_yet_is_a_clear_404(client, url):
    response = client.get(url)
    assert response.status_code == 404
    assert "Nothing was published yet" in response.json()["error"]


def test_without_its_database_it_says_503(client, url):
    with mock.patch.object(publishing, "newest_live", side_effect=OperationalError("away")):
        response = client.get(url)
    assert response.status_code == 503
    assert response["Retry-After"]


def test_it_is_only_read(client, url):
    assert client.post(url).status_code == 405


def test_who_polls_with_a_matching_etag_costs_no_query(client, redis_url, django_assert_num_queries):
    make_hub("a")
    publishing.publish("first")
    publishing.refresh()
    etag = client.get("/api/v1/snapshot/")["ETag"]
    with django_assert_num_queries(0):
        answer = client.get("/api/v1/snapshot/", headers={"If-None-Match": etag})
    assert (answer.status_code, answer["ETag"]) == (304, etag)
    change_weights(a=5)
    publishing.publish("second")
    publishing.refresh()
    assert client.get("/api/v1/snapshot/", headers={"If-None-Match": etag}).status_code == 200
