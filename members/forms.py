"""Forms check input, nothing more."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from unfold.widgets import UnfoldAdminURLInputWidget

from members.models import Member


class MemberForm(forms.ModelForm):
    """The record of a member."""

    website = forms.URLField(required=False, assume_scheme="https", widget=UnfoldAdminURLInputWidget)

    class Meta:
        model = Member
        fields: ClassVar = ["name", "slug", "website"]
