"""What is there for a member's people to do, how their hubs are, and whether they take part."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from foundation import reasons
from members.models import Member, ProposedChange, Responsibility, Role, User
from members.row_forms import LeaveForm, WhyForm
from members.services import access, contacts, edits
from members.services import lifecycle as steps_of
from members.views.own import for_member, page, who
from routing.models import Hub, HubProposal
from routing.services import capacity, hubs, lifecycle, overview, redirects, responsibilities, todos

WORDS = {
    Member.State.ONBOARDING: ("Begin onboarding", "It comes back through the admission checks."),
    Member.State.ACTIVE: ("Take part again", "Hubs that rested with you take launches again."),
    Member.State.PAUSED: ("Take a break", "Your hubs get no new launches; those that run there go on."),
    Member.State.PAST: ("Leave the federation", "Your hubs are retired. Your history stays, and so do our thanks."),
}


@never_cache
@login_required
@require_safe
def my(request: HttpRequest) -> HttpResponse:
    """The members one belongs to; straight to the one if there is just one. Maintainers see all of them."""
    user = who(request)
    maintains = access.is_maintainer(user)
    members = _members(user, everything=maintains)
    if not maintains and len(members) == 1:
        return redirect("my-member", members[0].slug)
    asked = _asked() if maintains else {}
    return render(request, "my/my.html", {"members": members, "for_maintainers": maintains, **asked})


@for_member(Role.VIEWER)
@require_safe
def overview_of(request: HttpRequest, member: Member) -> HttpResponse:
    """The to-do list first, then everything of theirs at a glance."""
    now, by = timezone.now(), who(request)
    seen = overview.read(now)
    own = [each for each in seen.hubs if each.hub.member_id == member.pk]
    used = {each.hub.pk: each for each in capacity.of(each.hub for each in own)}
    counts = redirects.today() or {}
    launches = sum(counts.values())
    return page(
        request,
        "my/member.html",
        member,
        todos=todos.of(member),
        hubs=[(each, used[each.hub.pk], counts.get(each.hub.key, 0) / launches if launches else None) for each in own],
        retired=list(member.hubs.filter(state=Hub.State.RETIRED)),
        work=[each for each in seen.downtimes() if each.hub_id in used],
        wishes=HubProposal.objects.filter(hub__member=member, state=HubProposal.State.WAITING).select_related("hub"),
        contacts=[(each, contacts.is_fresh(each, now)) for each in member.contacts.all()],
        offers=member.offers.all(),
        promises=Responsibility.labels,
        kept=responsibilities.of(member, now),
        people=member.access.filter(user__service=False).select_related("user"),
        last_step=member.changes.select_related("by").first(),
        steps=steps_of.steps(member, by),
    )


@for_member(Role.MANAGER)
def state(request: HttpRequest, member: Member) -> HttpResponse:
    """Take a break, come back, leave."""
    by = who(request)
    if request.POST.get("to") == Member.State.PAST:
        return _leave(request, member)
    form = WhyForm(request.POST or None)
    if form.is_valid() and _move(request, member, form):
        return redirect("my-member", member.slug)
    steps = [(to, *WORDS[Member.State(to)]) for to in steps_of.steps(member, by)]
    context = {"form": form, "steps": steps, "by_maintainers": steps_of.paused_by_maintainers(member)}
    return page(request, "my/state.html", member, **context)


def _leave(request: HttpRequest, member: Member) -> HttpResponse:
    """The largest step there is: what it means is said first, and it is asked once more."""
    asked = "sure" in request.POST
    form = LeaveForm(member.slug, request.POST if asked else None)
    form.initial["reason"] = request.POST.get("reason", "")
    if asked and form.is_valid() and _move(request, member, form):
        return redirect("my-member", member.slug)
    seen = overview.read()
    going = [(each, found.promised if (found := seen.find(each.key)) else 0.0) for each in member.hubs.published()]
    return page(request, "my/leave.html", member, form=form, going=going, seen=request.POST.get("seen", ""))


def _move(request: HttpRequest, member: Member, form: forms.Form) -> bool:
    try:
        lifecycle.move(
            member,
            request.POST.get("to", ""),
            reason=form.cleaned_data["reason"],
            by=who(request),
            seen=request.POST.get("seen"),
        )
    except (edits.EditError, reasons.NoReason, hubs.HubsError) as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, f"{member} is {member.get_state_display()} from now on.")
    return True


def _asked() -> dict[str, Any]:
    """What members ask of the maintainers."""
    changes = ProposedChange.objects.filter(state=ProposedChange.State.WAITING).select_related("member")
    wishes = HubProposal.objects.filter(state=HubProposal.State.WAITING).select_related("hub__member")
    return {"changes": changes, "wishes": wishes}


def _members(user: User, *, everything: bool) -> list[Member]:
    found: QuerySet[Member] = Member.objects.annotate(hub_count=Count("hubs", filter=~Q(hubs__state="retired")))
    return list(found if everything else found.filter(access__user=user))
