"""Wiring only: settings, addresses, Celery, roles. Nobody imports it but the processes that start it."""

from federation.celery import app as celery_app

__all__ = ["celery_app"]
