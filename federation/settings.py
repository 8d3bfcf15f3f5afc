"""The portal's settings, all from the environment. docs/configuration.md documents every variable; a test holds it."""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from import_export.formats.base_formats import CSV

from federation.guards import refuse_days, refuse_unsafe
from federation.office import UNFOLD  # noqa: F401 The settings of the admin's theme.
from foundation.logs import configure_structlog, logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
DEVELOPMENT_SECRET_KEY = "for-development-only-never-in-production-0123456789abcdef"  # noqa: S105

env = environ.Env()

# Two modes: development (the default, for `make run` and the tests) and production, which refuses what is unsafe.
MODE = env("FEDERATION_MODE", default="development")
PRODUCTION = MODE == "production"
if MODE not in {"development", "production"}:
    raise ImproperlyConfigured(f"FEDERATION_MODE is development or production, not {MODE!r}")

DEBUG = env.bool("DEBUG", default=not PRODUCTION)
SECRET_KEY = env("SECRET_KEY", default=DEVELOPMENT_SECRET_KEY)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Hubs on loopback or over plain http: for development, where the simulated hubs live.
ALLOW_PRIVATE_HUBS = env.bool("ALLOW_PRIVATE_HUBS", default=not PRODUCTION)
# What a visitor uses; the portal shows it and links to it.
REDIRECTOR_URL = env("REDIRECTOR_PUBLIC_URL", default="" if PRODUCTION else "http://127.0.0.1:8080").rstrip("/")
# The portal's own address, for links in letters and messages.
OWN_URL = f"https://{ALLOWED_HOSTS[0].lstrip('.')}" if PRODUCTION and ALLOWED_HOSTS else "http://127.0.0.1:8000"
PORTAL_URL = (env("PORTAL_PUBLIC_URL", default="") or OWN_URL).rstrip("/")
DEMO_HUBS_URL = env("DEMO_HUBS_URL", default="").rstrip("/")

INSTALLED_APPS = [
    "federation",
    "routing",
    "members",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.usersessions",
    "django_structlog",
    "anymail",
    "pgtrigger",
    "simple_history",
    "import_export",
    "csp",
    # The demo federation, to try things on: `manage.py load_demo`.
    *([] if PRODUCTION else ["demo"]),
]

MIDDLEWARE = [
    "federation.health.middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "federation.request_ids.middleware",
    "csp.middleware.CSPMiddleware",
    "federation.csp.middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # So that history knows who saved what; services say it themselves.
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "federation.second_factor.middleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "routing.views.errors.DatabaseAway",
]

ROOT_URLCONF = "federation.urls"
WSGI_APPLICATION = "federation.wsgi.application"

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
            ]
        },
    }
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres://federation@127.0.0.1:5432/federation")}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 3)
# A database that fell silent is noticed after this many milliseconds, not after the kernel's quarter of an hour.
DATABASES["default"]["OPTIONS"].setdefault("tcp_user_timeout", 10_000)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
# Counts of rate limits and the like: what may be lost at any time.
CACHES = {
    "default": {
        "BACKEND": "federation.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "federation:cache",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 60
# A round of checks always holds one process of a worker, a test launch may hold another: the rest needs one more.
CELERY_WORKER_CONCURRENCY = max(2, env.int("WORKER_CONCURRENCY", default=3))
# Tasks wait in Redis, where any free process takes them, not behind a round of checks.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "publish-snapshot": {
        "task": "routing.tasks.publish",
        "schedule": env.float("PUBLISH_SWEEP_SECONDS", default=5.0),
        # A sweep that waited longer than this is stale: the next one does the same work.
        "options": {"expires": 30},
    },
    # A round lasts as long as the time between two; one that waited that long is no use any more.
    "check-hubs": {"task": "routing.tasks.check_hubs", "schedule": 15.0, "options": {"expires": 15}},
    "read-launches": {"task": "routing.tasks.read_launches", "schedule": 60.0, "options": {"expires": 60}},
    "test-launches": {"task": "routing.tasks.test_launches", "schedule": 60.0, "options": {"expires": 60}},
    "take-in-usage": {"task": "routing.tasks.take_in_usage", "schedule": 10.0, "options": {"expires": 30}},
    "gather-evidence": {"task": "routing.tasks.gather_evidence", "schedule": 10.0, "options": {"expires": 10}},
    "look-at-onboardings": {"task": "routing.tasks.look_at_onboardings", "schedule": 60.0, "options": {"expires": 60}},
    "tidy-history": {"task": "routing.tasks.tidy_history", "schedule": 1800.0, "options": {"expires": 1800}},
    "keep-downtimes": {"task": "routing.tasks.keep_downtimes", "schedule": 1.0, "options": {"expires": 5}},
    "move-weights": {"task": "routing.tasks.move_weights", "schedule": 5.0, "options": {"expires": 15}},
    "draft-incidents": {"task": "routing.tasks.draft_incidents", "schedule": 60.0, "options": {"expires": 60}},
    "forget-applications": {
        "task": "members.tasks.forget_applications",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "tidy-accounts": {"task": "members.tasks.tidy_accounts", "schedule": 3600.0, "options": {"expires": 3600}},
    "tell-webhooks": {"task": "routing.tasks.tell_webhooks", "schedule": 5.0, "options": {"expires": 30}},
    "send-notices": {"task": "members.tasks.send_notices", "schedule": 5.0, "options": {"expires": 30}},
    "tell-of-meetings": {"task": "members.tasks.tell_of_meetings", "schedule": 60.0, "options": {"expires": 60}},
    "remind-of-members": {"task": "members.tasks.remind", "schedule": 1800.0, "options": {"expires": 1800}},
    "remind-of-hubs": {"task": "routing.tasks.remind", "schedule": 1800.0, "options": {"expires": 1800}},
    "keep-meetings": {"task": "members.tasks.keep_meetings", "schedule": 600.0, "options": {"expires": 600}},
    "fill-agendas": {"task": "routing.tasks.fill_agendas", "schedule": 300.0, "options": {"expires": 300}},
    "follow-the-days": {"task": "members.tasks.follow_the_days", "schedule": 3600.0, "options": {"expires": 3600}},
    # Each list is looked at once a day, or when somebody asks for it.
    "look-at-lists": {"task": "routing.tasks.look_at_lists", "schedule": 30.0, "options": {"expires": 60}},
    "queue-alerts": {"task": "routing.tasks.queue_alerts", "schedule": 10.0, "options": {"expires": 30}},
}

# Letters. Without a server they go nowhere in development, where /dev/mail/ shows them, and are not sent in production.
EMAIL_URL = env("EMAIL_URL", default="")
MAIL_SERVER = env.email_url_config(EMAIL_URL or "dummymail://")
# Or a mail provider that Anymail knows, by its name there, with Anymail's settings as JSON.
MAIL_PROVIDER = env("MAIL_PROVIDER", default="")
ANYMAIL = env.json("ANYMAIL", default={})
if MAIL_PROVIDER:
    MAIL_SERVER["EMAIL_BACKEND"] = f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"
MAIL_SERVER_MISSING = PRODUCTION and not (EMAIL_URL or MAIL_PROVIDER)
# In development every letter is kept as well, in files, so that it can be read at /dev/mail/.
EMAIL_BACKEND = MAIL_SERVER["EMAIL_BACKEND"] if PRODUCTION else "members.services.mailbox.Backend"
MAILBOX = env.path("DEV_MAILBOX", default=str(BASE_DIR / ".local" / "mail"))
EMAIL_HOST, EMAIL_PORT = MAIL_SERVER["EMAIL_HOST"] or "localhost", MAIL_SERVER["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER["EMAIL_HOST_USER"] or "", MAIL_SERVER["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = "EMAIL_USE_TLS" in MAIL_SERVER, "EMAIL_USE_SSL" in MAIL_SERVER
EMAIL_FILE_PATH = MAIL_SERVER["EMAIL_FILE_PATH"] or None
# For each step of the talk with the mail server.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = (
    env("MAIL_FROM", default="")
    or f"BinderHub federation <federation@{PORTAL_URL.partition('://')[2].partition(':')[0]}>"
)
# How many notices one run sends; there is a run every few seconds.
NOTICES_PER_RUN = env.int("NOTICES_PER_RUN", default=50)
# So many days before a meeting its guests get a letter.
MEETING_REMINDER_DAYS = env.list("MEETING_REMINDER_DAYS", cast=int, default=[7, 1])
refuse_days(MEETING_REMINDER_DAYS)
# How long an application that came to nothing is kept.
APPLICATIONS_KEPT_DAYS = env.int("APPLICATIONS_KEPT_DAYS", default=365)
# Members' monthly reports: on which days of the next month they are opened, and due.
REPORT_OPEN_DAY = env.int("REPORT_OPEN_DAY", default=1)
REPORT_DUE_DAY = env.int("REPORT_DUE_DAY", default=10)
if not 1 <= REPORT_OPEN_DAY < REPORT_DUE_DAY <= 28:
    raise ImproperlyConfigured("REPORT_OPEN_DAY is 1 at least, REPORT_DUE_DAY is later, and 28 at most.")

AUTH_USER_MODEL = "members.User"
# Days after which letters are forgotten, and who a removed contact was.
KEEP_LETTERS_DAYS = env.int("KEEP_LETTERS_DAYS", default=365)
KEEP_REMOVED_CONTACTS_DAYS = env.int("KEEP_REMOVED_CONTACTS_DAYS", default=365)
FILE_UPLOAD_HANDLERS = [
    "federation.uploads.CappedUploads",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Logging in (django-allauth): by a code that is mailed, a passkey, GitHub, or a password for those who have one. Nobody
# can sign up: an account is made by an invitation, an approved application or a superuser.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "members.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_FORMS = {"login": "members.account_forms.LoginForm"}
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_SESSION_REMEMBER = True
# Addresses are verified by the way accounts are made; a new one has to be confirmed before it replaces the old one.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
ACCOUNT_USER_DISPLAY = str
# How many proxies of ours add to X-Forwarded-For: rate limits count by the visitor's address, not by the proxy's.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "BinderHub federation"
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {"add_webauthn": "members.account_forms.PasskeyForm", "activate_totp": "members.account_forms.AppForm"}
MFA_ADAPTER = "members.adapters.SecondFactorAdapter"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
# Whoever runs the federation or may open the office needs a second factor, or gets no further than their account.
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=PRODUCTION)
GITHUB_CLIENT_ID = env("GITHUB_CLIENT_ID", default="")
SOCIALACCOUNT_ADAPTER = "members.adapters.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {
    "github": {
        "SCOPE": ["user:email"],
        "APPS": [{"client_id": GITHUB_CLIENT_ID, "secret": env("GITHUB_CLIENT_SECRET", default="")}]
        if GITHUB_CLIENT_ID
        else [],
    }
}

# Tables of members and contacts: CSV only. What was brought waits in the cache until somebody has looked at it.
IMPORT_EXPORT_FORMATS = [CSV]
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"
IMPORT_EXPORT_TMP_STORAGE_CLASS = "import_export.tmp_storages.CacheStorage"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# In development files are found where they are written: no collectstatic, whatever DEBUG is.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION

# Security. What needs https is on in production, where a proxy in front ends TLS and says so in X-Forwarded-Proto.
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if env.bool("TRUST_X_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        # A form that leads to GitHub is one of ours, but browsers look at where it ends.
        "form-action": [SELF, *(["https://github.com"] if GITHUB_CLIENT_ID else [])],
        "frame-ancestors": [NONE],
    }
}
# The admin's theme (Alpine) needs inline and evaluated scripts; federation.csp gives this policy to /admin/ only.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}

# The API. Rates are counted for each caller: accounts by themselves, others by their address.
# Opens /metrics to a scraper; tokens with the scope `metrics` open it too.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
API_RATE_ANYBODY = env("API_RATE_ANYBODY", default="300/minute")
API_RATE_ACCOUNTS = env("API_RATE_ACCOUNTS", default="1200/minute")
API_RATE_WRITES = env("API_RATE_WRITES", default="120/minute")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "federation.api.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],  # Each view says its own.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["federation.api.parsers.BoundedJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["federation.api.throttles.Throttle"],
    "DEFAULT_FILTER_BACKENDS": ["federation.api.filters.Filters", "federation.api.filters.Ordering"],
    "DEFAULT_PAGINATION_CLASS": "federation.api.paging.CursorPaging",
    "DEFAULT_SCHEMA_CLASS": "federation.api.schema.Schema",
    "EXCEPTION_HANDLER": "federation.api.errors.handle",
    "COERCE_DECIMAL_TO_STRING": False,
    "UNICODE_JSON": True,
    "NUM_PROXIES": env.int("API_PROXIES", default=0),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Federation Portal",
    "VERSION": "1",
    "DESCRIPTION": (
        "One source of truth about the federation. What is public needs no token; for the rest make one at "
        "`/my/tokens/`. Lists come in pages: follow `next`. An ETag goes back as `If-None-Match`, or as `If-Match` "
        "with a write. The same `Idempotency-Key` is done once. Errors are problems of RFC 9457. "
        "More is said in docs/api.md of the portal's repository."
    ),
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "federation.api.schema.complete"],
    "ENUM_NAME_OVERRIDES": {
        "HubState": "routing.models.Hub.State",
        "MemberState": "members.models.Member.State",
        "OfferState": "members.models.ComputeOffer.State",
        "DeliveryState": "routing.models.Delivery.State",
        "IncidentPhase": "routing.models.IncidentUpdate.Phase",
        "DowntimePhase": ["coming", "on", "over", "cancelled"],
        "AnnouncedPhase": ["investigating", "identified", "monitoring"],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = logging_config(env("LOG_FORMAT", default="keyvalue"), env("LOG_LEVEL", default="INFO"))
configure_structlog()
# No personal data in logs.
DJANGO_STRUCTLOG_USER_ID_FIELD = None
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

if PRODUCTION:
    refuse_unsafe(
        debug=DEBUG,
        secret_key=SECRET_KEY,
        development_key=DEVELOPMENT_SECRET_KEY,
        allowed_hosts=ALLOWED_HOSTS,
        allow_private_hubs=ALLOW_PRIVATE_HUBS,
    )
