"""Pages that are mostly words, which maintainers may edit."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from members.models import Responsibility, Text
from members.services import texts


@require_safe
def join(request: HttpRequest) -> HttpResponse:
    """Could we take part? The ways to give, what it takes, and what people ask."""
    words = texts.read(Text.Part.JOIN, Text.Part.WAYS, Text.Part.QUESTIONS)
    return render(request, "words/join.html", {"words": words, "responsibilities": Responsibility})
