"""Commands of routing for `manage.py`."""
