"""The entry point for gunicorn: `gunicorn eventmate.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")

application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - Django must be set up first

if not settings.CLOUDINARY_URL:
    # Posters as local files; Nginx keeps them where there is one in front.
    application = WhiteNoise(
        application, root=settings.MEDIA_ROOT, prefix=settings.MEDIA_URL, autorefresh=True
    )
