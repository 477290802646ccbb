"""All settings of EventMate, in reading order. Values that differ between machines come from the environment;
`.env.example` lists every one of them. Defaults are the safe ones.
"""

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from eventmate import env
from eventmate.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var")))

# The campus

CAMPUS_NAME = env.text("CAMPUS_NAME", "Campus")
SITE_URL = env.site_url("SITE_URL", default="http://127.0.0.1:8000")
TIME_ZONE = env.zone("TIME_ZONE", default="Europe/London")
USE_TZ = True

# Languages: the default one has no prefix in its addresses, the others do (/fr/events/)
# https://docs.djangoproject.com/en/5.2/topics/i18n/

LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True

# Security
# https://docs.djangoproject.com/en/5.2/topics/security/

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = [str(urlsplit(SITE_URL).hostname), *env.words("ALLOWED_HOSTS")]

HTTPS = SITE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "myapp.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(health|metrics)/"]  # the load balancer asks over plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", default=False) else None
)
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"

# Applications

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",  # the widgets' own templates, since ours may replace some
    "django_htmx",
    "allauth",
    "allauth.account",
    "eventmate",
    "procrastinate.contrib.django",
    "health",
    "myapp.web",
    "myapp.accounts",
    "myapp.notify",
    "myapp.venues",
    "myapp.events",
    "myapp.registrations",
    "myapp.checkin",
    "myapp.mine",
    "myapp.pages",
    "myapp.demo",
]

# The order is explained in myapp/web/middleware.py.
MIDDLEWARE = [
    "health.middleware.Observe",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "myapp.web.middleware.SecurityHeaders",
    "myapp.web.middleware.LanguageFromPath",
    "myapp.web.middleware.StampPublicPages",
    "myapp.web.middleware.RefuseMalformed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "myapp.accounts.signed_in.Authentication",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "myapp.web.middleware.HintCookie",
    "myapp.web.middleware.PrivateByDefault",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "eventmate.urls"
WSGI_APPLICATION = "eventmate.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORMS_URLFIELD_ASSUME_HTTPS = True

# Templates: no context processor of ours touches the request's person; private.html reads them itself.
# https://docs.djangoproject.com/en/5.2/topics/templates/

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "myapp.web.context.campus",
            ],
        },
    }
]

# PostgreSQL
# https://docs.djangoproject.com/en/5.2/ref/databases/#postgresql-notes

DATABASES = {"default": env.database("DATABASE_URL")}
BEHIND_PGBOUNCER = env.flag("BEHIND_PGBOUNCER", default=False)
if BEHIND_PGBOUNCER:
    # It gives a connection away after each transaction, with the cursors on it, and refuses options of a session.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
else:
    # Compiling one of our queries would take longer than any of them takes to run.
    given = DATABASES["default"]["OPTIONS"].get("options", "")
    DATABASES["default"]["OPTIONS"]["options"] = f"{given} -c jit=off".strip()
    # Never by being asked often: of itself only what says so (eventmate/postgresql: prepared_cursor).
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 1_000_000_000
DATABASES["default"]["OPTIONS"] |= {
    # A gevent worker serves a thousand clients on these few connections. Queries take milliseconds: whoever has waited
    # three seconds for a connection stands in a queue that only grows, and is told to come back.
    "pool": {
        "min_size": 1,
        "max_size": env.number("DATABASE_POOL_SIZE", default=8, least=1),
        "timeout": 3,
        "reconnect_timeout": 0,  # who gives up at once is not silent for minutes when the server is back
    },
}
# Where each worker listens for what open pages show, with one connection outside its pool: DATABASE_URL, unless that leads
# to PgBouncer.
DATABASE_LISTEN = env.database("DATABASE_LISTEN_URL") if env.secret("DATABASE_LISTEN_URL", default="") else {}
DATABASE_ROUTERS = ["eventmate.replica.Router"]
if env.secret("DATABASE_REPLICA_URL", default=""):  # for reports alone: eventmate/replica.py
    DATABASES["replica"] = env.database("DATABASE_REPLICA_URL") | {"TEST": {"MIRROR": "default"}}
    _given = DATABASES["replica"]["OPTIONS"].get("options", "")
    DATABASES["replica"]["OPTIONS"] |= {
        # Asked directly, also behind PgBouncer, which would drop this.
        "options": f"{_given} -c jit=off -c default_transaction_read_only=on".strip(),
        "pool": {"min_size": 0, "max_size": 2, "timeout": 3, "reconnect_timeout": 0},
    }

# Redis or Valkey when there is one, else each process for itself
# https://github.com/jazzband/django-redis

REDIS_URL = env.secret("REDIS_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "eventmate.caches.ForgetfulRedis",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "eventmate",
        "OPTIONS": {
            # A Redis that does not answer costs the first request this long, and the others nothing: the breaker.
            "REDIS_CLIENT_CLASS": "eventmate.breaker.GuardedRedis",
            "SOCKET_CONNECT_TIMEOUT": 0.05,
            "SOCKET_TIMEOUT": 0.08,
            "IGNORE_EXCEPTIONS": True,
            # Of a process; whoever finds none free does without.
            "CONNECTION_POOL_KWARGS": {"max_connections": 50},
            "COMPRESSOR": "eventmate.caches.CompressLarge",
        },
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
RATELIMIT_FAIL_OPEN = True  # without Redis nobody is counted; nobody is locked out either
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # a wiped Redis signs nobody out
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Jobs are rows of PostgreSQL, written in the transaction of what they are about; `manage.py procrastinate worker` does them
# https://procrastinate.readthedocs.io/

PROCRASTINATE_IMPORT_PATHS = [
    *("myapp.web.jobs", "myapp.web.refresh", "myapp.notify.jobs"),
    *("myapp.registrations.jobs", "myapp.checkin.jobs"),
]

# The cache in front: Nginx's door for fetching a page anew, and what is shown there (deploy/nginx/)

REFRESH_URL = env.site_url("REFRESH_URL", default="")
REFRESH_SECRET = env.secret("REFRESH_SECRET", default="")

# People and signing in
# https://docs.allauth.org/en/latest/account/configuration.html

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "myapp.accounts.hashers.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # those of before; kept anew when their people sign in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "events:home"  # a name: in the language of the page before
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up; elsewhere people sign in first
ACCOUNT_PREVENT_ENUMERATION = True  # whether an address has an account is told to that address only
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USERNAME_MIN_LENGTH = 3
ACCOUNT_USERNAME_VALIDATORS = "myapp.accounts.validators.username_validators"
ACCOUNT_USERNAME_BLACKLIST = [
    "admin",
    "administrator",
    "eventmate",
    "help",
    "postmaster",
    "root",
    "security",
    "support",
]
ACCOUNT_USER_DISPLAY = str
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or address is told by mail
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # an unattended browser cannot move an account to another address
ACCOUNT_ADAPTER = "myapp.accounts.adapter.Adapter"
ACCOUNT_FORMS = {
    "add_email": "myapp.accounts.forms.AddEmailForm",
    "change_password": "myapp.accounts.forms.ChangePasswordForm",
    "login": "myapp.accounts.forms.LoginForm",
    "reauthenticate": "myapp.accounts.forms.ReauthenticateForm",
    "reset_password": "myapp.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "myapp.accounts.forms.ResetPasswordKeyForm",
    "set_password": "myapp.accounts.forms.SetPasswordForm",
    "signup": "myapp.accounts.forms.SignupForm",
}
# A whole campus may sit behind one address: what is counted by address is wide, what is counted by account narrow.
ACCOUNT_RATE_LIMITS = {
    "login": "600/m/ip",
    "login_failed": "120/m/ip,5/5m/key",
    "signup": "120/m/ip",
    "reset_password": "60/m/ip,3/m/key",
    "reset_password_from_key": "60/m/ip",
    "confirm_email": "1/3m/key",
}
# Nginx is the one proxy there is; its last word in X-Forwarded-For is the visitor's address.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE_PROXY_SSL_HEADER else 0
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True

# Mail
# https://docs.djangoproject.com/en/5.2/topics/email/

globals().update(env.email("EMAIL_URL", default=f"file://{DATA_DIR}/mail"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"EventMate <events@{ALLOWED_HOSTS[0]}>")
VAPID_PRIVATE_KEY_FILE = env.text(
    "VAPID_PRIVATE_KEY_FILE", ""
)  # signs web pushes; DATA_DIR/vapid.pem where not told

# Static files by WhiteNoise, media by Cloudinary when CLOUDINARY_URL is there, else as local files
# https://whitenoise.readthedocs.io/

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
CLOUDINARY_URL = env.secret("CLOUDINARY_URL", default="")
# Posters then come from there; everything else is ours.
CONTENT_SECURITY_POLICY = {"img-src": "https://res.cloudinary.com"} if CLOUDINARY_URL else {}
STORAGES = {
    "default": {
        "BACKEND": "eventmate.media.CloudinaryStorage"
        if CLOUDINARY_URL
        else "django.core.files.storage.FileSystemStorage"
    },
    "staticfiles": {"BACKEND": "eventmate.static_files.HashedStaticFiles"},
}

# Backups: docs/backups.md says how they are made, kept and restored

BACKUP_DIR = Path(env.text("BACKUP_DIR", str(DATA_DIR / "backups")))
BACKUP_RECIPIENT = env.text("BACKUP_RECIPIENT", "")  # whose public keys seal them
BACKUP_IDENTITY = env.text("BACKUP_IDENTITY", "")  # the private key with which the drill opens them

# Who may read /health/ready/ and /metrics/ besides this machine

METRICS_ALLOW = env.networks("METRICS_ALLOW")

# Counted by Nginx, where there is one: a log of one $upstream_cache_status a line

NGINX_CACHE_LOG = Path(name) if (name := env.text("NGINX_CACHE_LOG", "")) else None

# Logs go to standard error, which the journal keeps; docs/observing.md says what is in them
# https://docs.djangoproject.com/en/5.2/topics/logging/

LOG_FORMAT = env.choice("LOG_FORMAT", among=("plain", "json"))
ADMINS = [("", address) for address in env.words("ERROR_MAIL")]
LOGGING = logging_settings(
    form=LOG_FORMAT,
    level=env.text("LOG_LEVEL", "WARNING"),
    requests=env.choice(
        "LOG_REQUESTS", among=("made", "none", "all") if LOG_FORMAT == "json" else ("none", "made", "all")
    ),
    file=Path(name) if (name := env.text("LOG_FILE", "")) else None,
    mail=bool(ADMINS),
)
