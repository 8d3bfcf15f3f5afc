"""The schema is kept: what schemathesis thinks up gets no 5xx, no undocumented status, no answer of another shape."""

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.test_permissions import KINDS, caller_of, world  # noqa: F401 A fixture among them.

pytestmark = pytest.mark.django_db
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# More by hand: SCHEMATHESIS_EXAMPLES=100.
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "1"))


@pytest.fixture
def connection_of_the_test():
    """Requests go on in the test's own transaction: Django's test client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.usefixtures("connection_of_the_test")
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_machine_thinks_up_is_answered_as_the_schema_says(kind, world, anybody):  # noqa: F811
    if EXAMPLES == 1 and kind not in {"outsider", "maintainer"}:
        pytest.skip("the callers in between are tried with SCHEMATHESIS_EXAMPLES=2 or more")
    caller = anybody if kind == "outsider" else caller_of(kind)
    # Made here and not above: it loads the addresses, which are others while tests are being collected.
    application = get_wsgi_application()
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application, headers={"Host": "localhost"})
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    failed = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if kind == "outsider" and operation.method != "get":
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case):
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS)

        try:
            ask()
        except Exception as error:
            failed.append(f"{operation.method.upper()} {operation.path}: {error}"[:2000])
    assert failed == []
