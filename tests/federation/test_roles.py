"""The maintainers' role is made by the code, with exactly its permissions."""

import pytest
from django.contrib.auth.models import Group, Permission

from federation.roles import PERMISSIONS, make_roles

pytestmark = pytest.mark.django_db


def permissions() -> set[str]:
    found = Group.objects.get(name="maintainers").permissions.select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}" for each in found}


def test_migrating_makes_the_role_with_all_its_permissions():
    assert permissions() == set(PERMISSIONS)


def test_migrating_again_changes_nothing():
    make_roles()
    assert permissions() == set(PERMISSIONS)
    assert Group.objects.filter(name="maintainers").count() == 1


def test_a_permission_added_by_hand_goes_away():
    Group.objects.get(name="maintainers").permissions.add(Permission.objects.get(codename="delete_hub"))
    make_roles()
    assert permissions() == set(PERMISSIONS)


def test_the_role_gives_no_power_over_accounts():
    assert not any(name.split("_")[-1] in {"user", "group", "permission"} for name in permissions())
