"""The demo as a Django app: installed in development only, for `manage.py load_demo`."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demo."""

    name = "demo"
