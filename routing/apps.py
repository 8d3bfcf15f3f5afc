"""The routing app."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """The routing app."""

    name = "routing"
    verbose_name = "Traffic"
