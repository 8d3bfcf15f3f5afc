"""What the reader of our letters wants of them, behind a link in each letter that needs no login."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from members.models import DeadAddress
from members.services import choices, topics, wishes
from members.views.own import who


@never_cache
@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """The way there for whoever is logged in."""
    address = who(request).email
    if not address:
        messages.error(request, "Your account has no e-mail address, so nothing is written to you. Enter one first.")
        return redirect("account")
    return redirect("letters", wishes.signed(address))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def letters(request: HttpRequest, secret: str) -> HttpResponse:
    """Every topic, and when its letters are to come."""
    address = _address(secret)
    if request.method == "POST":
        for topic, wanted in wishes.wishes(address):
            chosen = request.POST.get(topic.name, wanted)
            if chosen in wishes.WISHES.values and chosen != wanted:
                choices.choose(address, topic, chosen)
        if "alive" in request.POST:
            wishes.revive(address)
        messages.success(request, "Saved. This is what you get from now on.")
        return redirect("letters", secret)
    context = {
        "address": address,
        "wishes": wishes.wishes(address),
        "choices": wishes.WISHES.choices,
        "dead": DeadAddress.objects.filter(address=address).first(),
    }
    return render(request, "letters/letters.html", context)


# RFC 8058: the mail program posts here by itself, without a page or a cookie of ours.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, secret: str, topic: str) -> HttpResponse:
    """Switch one topic off. Opening the page changes nothing, for mail scanners open links too; its button does."""
    address, about = _address(secret), topics.named(topic)
    if about is None:
        raise Http404
    done = request.method == "POST"
    if done:
        choices.choose(address, about, wishes.WISHES.NEVER)
    context = {"address": address, "topic": about, "done": done, "choices": wishes.choices_link(address)}
    return render(request, "letters/stop.html", context)


def _address(secret: str) -> str:
    try:
        return wishes.of_link(secret)
    except wishes.BadLink:
        raise Http404 from None
