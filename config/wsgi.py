"""The API's door: sync WSGI workers (three times the requests of ASGI here; see docs/decisions)."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# What the first request of each process would load; with gunicorn's --preload it is there before the fork.
from jobs import stores  # noqa: E402 - the apps are loaded only now
from webhooks.inbound import registry  # noqa: E402

reverse("presets")
stores.prepare()
registry.load()
