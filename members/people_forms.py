"""Forms about the people of a member."""

from __future__ import annotations

from django import forms

from members.models import Role


class InviteForm(forms.Form):
    """Whom to ask in, and as what."""

    email = forms.EmailField(label="E-mail of your colleague", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)


class RoleForm(forms.Form):
    """As what from now on."""

    role = forms.ChoiceField(choices=Role.choices)


class NewcomerForm(forms.Form):
    """What the new colleague is called."""

    name = forms.CharField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
