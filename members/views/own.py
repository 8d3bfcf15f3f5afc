"""Pages of one member, for its own people and maintainers: below /my/<its slug>/."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from members.models import Member, Role, User
from members.services import access

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Member, Arguments], HttpResponse]


def for_member(least: Role) -> Callable[[View[Arguments]], Callable[..., HttpResponse]]:
    """Let in who is at least this of the member in the address. To others it is the same whether there is one."""

    def decorate(view: View[Arguments]) -> Callable[..., HttpResponse]:
        @wraps(view)
        @never_cache
        @login_required
        def answer(request: HttpRequest, slug: str, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
            try:
                return view(request, _member(who(request), slug, least), *args, **kwargs)
            except access.NotAllowed as error:
                raise PermissionDenied(str(error)) from error

        return answer

    return decorate


def who(request: HttpRequest) -> User:
    """The person who does it; these pages let nobody in who is not logged in."""
    return cast(User, request.user)


def page(request: HttpRequest, template: str, member: Member, **context: Any) -> HttpResponse:  # noqa: ANN401
    """A page in the member's frame: what it is about, and what this person may do here."""
    user = who(request)
    frame = {
        "member": member,
        "may_edit": access.may(user, Role.EDITOR, member),
        "may_manage": access.may(user, Role.MANAGER, member),
        "for_maintainers": access.is_maintainer(user),
    }
    return render(request, template, {**frame, **context})


def _member(user: User, slug: str, least: Role) -> Member:
    member = Member.objects.filter(slug=slug).first()
    if member is not None and access.may(user, least, member):
        return member
    if member is None and access.is_maintainer(user):
        raise Http404
    raise PermissionDenied("This page is for the people of a member, and you are not one of them.")
