"""What `manage.py check --deploy` warns of."""

from django.core.checks import run_checks


def ours() -> list[str]:
    return [each.id for each in run_checks(include_deployment_checks=True) if each.id.startswith("federation.")]


def test_a_portal_without_a_mail_server_is_warned_of(settings):
    settings.MAIL_SERVER_MISSING = True
    assert ours() == ["federation.W001"]


def test_with_a_mail_server_or_in_development_there_is_nothing_to_warn_of():
    assert ours() == []
