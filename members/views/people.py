"""The people with access to a member: who they are, as what, and who is asked in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from members.models import Access, Invitation, Member, Role
from members.people_forms import InviteForm, RoleForm
from members.services import access, colleagues, edits, invitations, tokens
from members.views.own import for_member, page, who


@for_member(Role.VIEWER)
def people(request: HttpRequest, member: Member) -> HttpResponse:
    """Who has access; managers ask others in."""
    form = InviteForm(request.POST or None)
    if form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            invitations.invite(member, email, role, by=who(request))
        except edits.EditError as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, f"A letter with the invitation goes to {email}.")
            return redirect("my-people", member.slug)
    manages = access.may(who(request), Role.MANAGER, member)
    made = tokens.makers(member) if manages else {}
    found = member.access.filter(user__service=False).select_related("user", "given_by")
    context = {
        "people": [(each, made.get(each.user_id)) for each in found],
        "invitations": member.invitations.filter(accepted_at=None).select_related("invited_by") if manages else [],
        "roles": Role.choices,
        "form": form,
        "now": timezone.now(),
    }
    return page(request, "my/people.html", member, **context)


@for_member(Role.VIEWER)
@require_POST
def person(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Change somebody's role, or end their access. Everybody may end their own."""
    given = get_object_or_404(Access.objects.select_related("user"), pk=pk, member=member, user__service=False)
    form = RoleForm(request.POST)
    try:
        if "remove" in request.POST:
            colleagues.remove(given, by=who(request), with_tokens="with-tokens" in request.POST)
            messages.success(request, f"{given.user} has no access to {member} any more.")
        elif form.is_valid():
            colleagues.change_role(given, Role(form.cleaned_data["role"]), by=who(request))
            messages.success(request, f"{given.user} is {form.cleaned_data['role']} now.")
    except colleagues.ColleaguesError as error:
        messages.error(request, str(error))
    still_in = access.may(who(request), Role.VIEWER, member)
    return redirect("my-people", member.slug) if still_in else redirect("my")


@for_member(Role.MANAGER)
@require_POST
def invitation(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Send an invitation again, or take it back."""
    row = get_object_or_404(Invitation, pk=pk, member=member)
    try:
        if "take-back" in request.POST:
            invitations.take_back(row, by=who(request))
            messages.success(request, f"The invitation of {row.email} is taken back; its link works no more.")
        else:
            invitations.send_again(row, by=who(request))
            messages.success(request, f"A new letter goes to {row.email}; the link in the one before works no more.")
    except invitations.InvitationsError as error:
        messages.error(request, str(error))
    return redirect("my-people", member.slug)
