"""The portal as a WSGI application."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "federation.settings")

application = get_wsgi_application()

# What is loaded by now lives as long as the process: going through it again and again to find garbage would make
# one answer in many slow.
gc.collect()
gc.freeze()
