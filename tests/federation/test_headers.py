"""What every answer carries: a policy for scripts, an id of the request; and what goes into the logs."""

import uuid

import pytest
from django.urls import reverse

from tests.factories import make_maintainer

pytestmark = pytest.mark.django_db


def directives(response) -> dict[str, set[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: set(sources) for name, *sources in parts}


@pytest.mark.parametrize("path", ["/", "/api/v1/snapshot/", "/nothing-here", "/administrators", "/adminx/"])
def test_no_page_outside_the_office_allows_inline_scripts(client, path):
    policy = directives(client.get(path))
    assert policy["default-src"] == {"'self'"}
    assert policy["frame-ancestors"] == {"'none'"}
    assert not {"'unsafe-inline'", "'unsafe-eval'"} & set().union(*policy.values())


def test_the_office_allows_what_its_theme_needs_and_no_other_origin(client):
    client.force_login(make_maintainer())
    policy = directives(client.get(reverse("admin:index")))
    assert policy["script-src"] == {"'self'", "'unsafe-inline'", "'unsafe-eval'"}
    assert policy["default-src"] == policy["form-action"] == {"'self'"}
    assert not any("http" in source or source == "*" for source in set().union(*policy.values()))


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/admin/", "/api/v1/snapshot/"])
def test_every_answer_tells_the_id_that_the_logs_have(client, caplog, path):
    with caplog.at_level("INFO"):
        response = client.get(path)
    number = response["X-Request-ID"]
    assert uuid.UUID(number)
    assert any(number in record.getMessage() for record in caplog.records)


def test_an_id_is_of_one_request(client):
    assert client.get("/")["X-Request-ID"] != client.get("/")["X-Request-ID"]


def test_a_fault_of_ours_has_an_id_too(client, caplog, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("a fault")

    monkeypatch.setattr("routing.views.snapshot.publishing.newest_live", broken)
    client.raise_request_exception = False
    with caplog.at_level("ERROR"):
        response = client.get("/api/v1/snapshot/")
    assert response.status_code == 500
    assert any(response["X-Request-ID"] in record.getMessage() for record in caplog.records)


def test_logs_hold_no_address_and_no_name_of_a_visitor(client, caplog):
    person = make_maintainer("mara")
    client.force_login(person)
    with caplog.at_level("DEBUG"):
        client.get("/admin/", REMOTE_ADDR="203.0.113.7")
    text = " ".join(record.getMessage() for record in caplog.records)
    assert "203.0.113.7" not in text
    assert "mara" not in text


def test_other_headers_are_strict(client):
    response = client.get("/")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
