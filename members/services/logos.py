"""Logos: taken in, made anew, served for ever under an address that holds their digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db import transaction

from foundation import pictures
from members.models import Logo, Member, Role
from members.services import access, edits, history

if TYPE_CHECKING:
    from members.models import User


class LogosError(edits.EditError):
    """The logo stays as it was; the text says why."""


def change(member: Member, upload: bytes, *, by: User) -> Logo:
    """Use this picture from now on."""
    access.require(by, Role.EDITOR, member)
    try:
        picture = pictures.remake(upload)
    except pictures.BadPicture as error:
        raise LogosError(str(error)) from error
    return _use(member, picture, by)


@transaction.atomic
def remove(member: Member, *, by: User) -> None:
    """Use none."""
    access.require(by, Role.EDITOR, member)
    _set(member, "", by)


@transaction.atomic
def _use(member: Member, picture: pictures.Picture, by: User) -> Logo:
    logo, _ = Logo.objects.get_or_create(
        digest=hashlib.sha256(picture.data).hexdigest(),
        defaults={"image": picture.data, "width": picture.width, "height": picture.height},
    )
    _set(member, logo.digest, by)
    return logo


def _set(member: Member, digest: str, by: User) -> None:
    row = edits.locked(member)
    if row.logo != digest:
        row.logo = digest
        history.save(row, by=by, reason="another logo" if digest else "no logo", fields=["logo"])
    member.logo = digest
