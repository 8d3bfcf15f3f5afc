"""The federation app."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class FederationConfig(AppConfig):
    """The federation app: it has no models, and makes the roles when those of routing are there."""

    name = "federation"

    def ready(self) -> None:
        """Have roles and texts made after each migrate, and register our checks."""
        from federation import checks  # noqa: F401 Registers itself.
        from federation.roles import make_roles
        from members.services import bounces, texts

        bounces.listen()

        post_migrate.connect(make_roles, sender=apps.get_app_config("routing"), dispatch_uid="federation.roles")
        post_migrate.connect(texts.ship, sender=apps.get_app_config("members"), dispatch_uid="members.texts")
