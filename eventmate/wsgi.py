"""The entry point for gunicorn: `gunicorn eventmate.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")

application = get_wsgi_application()
