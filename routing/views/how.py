"""How it works: the words, and the numbers that are in force."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from members.models import Text
from members.services import texts
from routing.models import Policy


@require_safe
def how(request: HttpRequest) -> HttpResponse:
    """From a link to a running notebook, and what happens when something breaks."""
    context = {"words": texts.read(Text.Part.HOW, Text.Part.STEPS), "policy": Policy.objects.current()}
    return render(request, "words/how.html", context)
