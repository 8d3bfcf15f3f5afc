"""Forms about one's own account."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from members.models import User

CONTINENTS: Final = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
ZONES: Final = ("UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS))


class LoginForm(AllauthLoginForm):
    """Name and password, for those who have one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Username or e-mail"
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autocapitalize": "none"}
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}
        self.fields["password"].help_text = ""


class PasskeyForm(AddWebAuthnForm):
    """A new passkey, which by itself is enough to log in unless its owner wants otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "To tell it from others, such as: phone, office."
        alone = self.fields["passwordless"]
        alone.initial, alone.label = True, "Log in with it alone, without a code"
        alone.help_text = "Off: it is only asked for as a second step. Simple keys without a PIN can do no more."


class AppForm(ActivateTOTPForm):
    """The first digits that an authenticator app shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "The six digits"
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}


class AccountForm(forms.Form):
    """What a person is called, and the time zone of the pages and letters they read."""

    name = forms.CharField(max_length=150, required=False, help_text="As others of the federation shall see it.")
    time_zone = forms.CharField(
        max_length=64,
        required=False,
        help_text="Such as Europe/Berlin. Without it, pages show your browser's time and letters UTC.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any, *, person: User) -> None:  # noqa: ANN401
        super().__init__(data, initial={"name": person.get_full_name(), "time_zone": person.time_zone})

    def clean_time_zone(self) -> str:
        """One that exists."""
        zone: str = self.cleaned_data["time_zone"].strip()
        if zone and zone not in ZONES:
            raise forms.ValidationError("There is no such time zone. It is a region and a city, such as Europe/Berlin.")
        return zone
