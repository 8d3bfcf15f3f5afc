"""The form for a new token."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django import forms
from django.utils import timezone

from members.models import Access, Member, Role, Token, User
from members.services import access, tokens

DAYS: Final = [(7, "a week"), (30, "30 days"), (90, "90 days"), (366, "a year")]
ACCOUNTS: Final = [(Role.VIEWER.value, "see what our viewers see"), (Role.EDITOR.value, "do what our editors do")]


class TokenForm(forms.Form):
    """What it is for, what it may do, and how long."""

    name = forms.CharField(max_length=100, help_text="What it is for, such as “nightly export”.")
    scopes = forms.MultipleChoiceField(
        label="It may be used for",
        choices=Token.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="As far as whoever it acts for may do that.",
    )
    days = forms.TypedChoiceField(label="It works for", choices=DAYS, coerce=int, initial=90)
    member = forms.ModelChoiceField(
        Member.objects.none(),
        required=False,
        label="It acts for",
        empty_label="me",
        help_text="A service account of a member goes on when you leave.",
    )
    role = forms.ChoiceField(label="A service account may", choices=ACCOUNTS, required=False)

    def __init__(self, *arguments: object, user: User, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        if not access.is_maintainer(user):
            offered = [(name, words) for name, words in Token.Scope.choices if name not in tokens.FOR_MAINTAINERS]
            self.fields["scopes"].choices = offered  # type: ignore[attr-defined]
        managed = Access.objects.filter(user=user, role=Role.MANAGER).values("member")
        members = Member.objects.filter(pk__in=managed)
        self.fields["member"].queryset = members  # type: ignore[attr-defined]
        if not members:
            del self.fields["member"], self.fields["role"]

    def issue(self, by: User) -> tokens.New | None:
        """The new token, or None and why not as an error of the form."""
        values = self.cleaned_data
        named = {
            "name": values["name"],
            "scopes": values["scopes"],
            "expires_at": timezone.now() + timedelta(days=values["days"]) - timedelta(minutes=1),
            "by": by,
        }
        try:
            if values.get("member"):
                role = Role(values["role"] or Role.VIEWER)
                return tokens.issue_for_member(values["member"], role=role, **named)
            return tokens.issue(**named)
        except tokens.TokensError as error:
            self.add_error(None, str(error))
            return None
