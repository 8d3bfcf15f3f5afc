"""Forms of the office that tell the second of two editors that the first was there, and lose nothing that was typed."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row with a fingerprint, and the fingerprint that the editor saw."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    # What the service said when this form was sent a moment ago.
    refused: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if self.instance.pk and "seen" in self.fields:
            self.fields["seen"].initial = self.instance.fingerprint

    def clean(self) -> dict[str, Any]:
        """Refuse to write over what somebody else changed meanwhile; what was typed stays in the form."""
        super().clean()
        seen = self.cleaned_data.get("seen")
        if self.instance.pk and seen and seen != self.instance.fingerprint:
            typed: Any = self.data
            self.data = typed.copy()
            self.data["seen"] = self.instance.fingerprint  # type: ignore[index]
            raise ValidationError(
                f"{self._who()} changed this since you opened it. What you typed is still here: compare it with the "
                "history, then save again."
            )
        if self.refused:
            raise ValidationError(self.refused)
        return self.cleaned_data

    def _who(self) -> str:
        newest = self.instance.history.select_related("history_user").first()
        return str((newest and newest.history_user) or "Somebody")
