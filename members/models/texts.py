"""The words of the public pages, which maintainers may change."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from members.models.editing import Editable
from members.models.histories import Histories


class Text(Editable):
    """One heading and what stands under it, in markdown. The first of a part is its page's heading.

    Those with a key came with the portal: as long as nobody edits one, a new release may bring better words.
    """

    RECORD = ("part", "position", "title", "body")

    class Part(models.TextChoices):
        """Where it stands."""

        HOME = "home", "first page: what this is"
        STEPS = "steps", "first page: how it works, in steps"
        INVITATION = "invitation", "first page: invitation to join"
        MEMBERS = "members", "members"
        HOW = "how", "how it works"
        JOIN = "join", "join: what to think about"
        WAYS = "ways", "join: the ways to give"
        QUESTIONS = "questions", "join: questions and answers"

    part = models.CharField(max_length=10, choices=Part.choices)
    position = models.PositiveSmallIntegerField(default=100, help_text="Its place in the part: the lowest comes first.")
    title = models.CharField(max_length=120)
    body = models.TextField(
        "text", max_length=10_000, blank=True, help_text="Markdown. Empty: it is not shown; a page keeps its heading."
    )
    key = models.CharField(max_length=40, blank=True, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = Histories(excluded_fields=["key", "edited_at"])

    class Meta:
        ordering = ("part", "position", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=~Q(key=""), name="text_key_once"),
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="text_has_title"),
            models.CheckConstraint(
                condition=Q(part__in=["home", "steps", "invitation", "members", "how", "join", "ways", "questions"]),
                name="text_part_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title
