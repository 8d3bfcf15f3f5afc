"""The federation app."""

from django.apps import AppConfig


class FederationConfig(AppConfig):
    """The federation app."""

    name = "federation"
