"""People who may log in."""

import pytest
from django.db import IntegrityError

from members.models import User
from tests.factories import make_member, make_user

pytestmark = pytest.mark.django_db


def test_an_email_address_belongs_to_one_person_however_it_is_written():
    make_user("ada")
    with pytest.raises(IntegrityError):
        User.objects.create_user("other", "ADA@Example.org", "correct horse battery")


def test_several_people_may_have_no_email_address():
    User.objects.create_user("first")
    User.objects.create_user("second")
    assert User.objects.filter(email="").count() == 2


def test_a_person_is_called_by_name_or_else_by_username():
    assert str(User(username="ada", first_name="Ada", last_name="L.")) == "Ada L."
    assert str(User(username="ada")) == "ada"


@pytest.mark.parametrize("slug", ["", "Upper", "-dash", "dash-", "with space", "ünder"])
def test_a_members_slug_fits_into_an_address(slug):
    with pytest.raises(IntegrityError):
        make_member("ok").__class__.objects.create(slug=slug, name="A name")


def test_a_member_has_a_name():
    with pytest.raises(IntegrityError):
        make_member("nameless", name="  ")
