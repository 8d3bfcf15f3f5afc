"""The schema and the page that explains it."""

import pytest

pytestmark = pytest.mark.django_db


def test_the_schema_is_openapi_31_and_names_every_resource(anybody):
    answer = anybody.get("schema/")
    schema = answer.json()
    assert schema["openapi"] == "3.1.0"
    listed = {path.removeprefix("/api/v1/") for path in schema["paths"]}
    assert {"hubs/", "hubs/{key}/", "hubs/{key}/drain/", "weight-changes/", "downtimes/", "me/"} <= listed


def test_the_schema_is_made_without_a_warning(capsys):
    from drf_spectacular.generators import SchemaGenerator

    SchemaGenerator(urlconf="federation.api.schema_urls").get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""


def test_every_operation_says_what_its_errors_look_like(anybody):
    paths = anybody.get("schema/").json()["paths"]
    for operations in paths.values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["404"]["content"]
            assert operation["operationId"]
            assert operation["summary"]


def test_the_docs_come_from_our_own_files(client):
    page = client.get("/api/v1/docs/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_root_lists_what_there_is(anybody):
    assert anybody.get("").json()["hubs"] == "http://testserver/api/v1/hubs/"


def test_an_address_that_is_none_is_a_problem_too(anybody):
    answer = anybody.get("nothing/here")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
