"""Settings: one file, fed by the environment; what may differ between installations is read here and only here.

A variable without a default has to be set: an installation that forgot one does not start.
"""

import json
import os
from pathlib import Path

import structlog
from environs import Env, validate

from adapters.ffmpeg.detections import DETECTIONS
from jobs.states import AttemptState, JobState, RenditionState
from webhooks.events import TYPES as EVENT_TYPES
from webhooks.states import DeliveryState

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()

# --- the parts that Reelchord stands on -------------------------------------------------------------------
SECRET_KEY: str = env.str("SECRET_KEY")
DEBUG: bool = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

# Kept from request to request and from task to task; asked first whether it still lives (one empty round trip).
DATABASES = {"default": env.dj_db_url("DATABASE_URL", conn_max_age=600, conn_health_checks=True)}
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5,
    # Statements that are sent with their values beside them are planned once (jobs/acceptance.py). Behind a pooler in
    # transaction mode it has to know prepared statements (PgBouncer 1.21).
    "prepare_threshold": 2,
    # A transaction of ours holds a job's row: one that hangs would stop its whole job.
    "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000",
}

REDIS_URL: str = env.str("REDIS_URL")
CELERY_APP = "config.celery.app"
FFMPEG_BINARY: Path = Path(env.str("FFMPEG_BINARY"))
FFPROBE_BINARY: Path = Path(env.str("FFPROBE_BINARY"))
CONTAINER_DIGEST: str | None = env.str("CONTAINER_DIGEST", None)

# --- where media comes from and goes to -------------------------------------------------------------------
# Roots are URL prefixes; {account} stands for the account's slug. What lies under none of them is refused.
SOURCE_ROOTS: list[str] = env.list("SOURCE_ROOTS", [])
DESTINATION_ROOTS: list[str] = env.list("DESTINATION_ROOTS", [])
DEFAULT_DESTINATION: str = env.str("DEFAULT_DESTINATION", "")
PUBLIC_URLS: dict[str, str] = env.dict("PUBLIC_URLS", {})
FILE_ROOTS: list[str] = env.list("FILE_ROOTS", [])
EGRESS_ALLOWED_NETWORKS: list[str] = env.list("EGRESS_ALLOWED_NETWORKS", [])
EGRESS_ALLOWED_PORTS: list[int] = env.list("EGRESS_ALLOWED_PORTS", [80, 443], subcast=int)
S3_ENDPOINT_URL: str | None = env.str("S3_ENDPOINT_URL", None)
AWS_ACCESS_KEY_ID: str | None = env.str("AWS_ACCESS_KEY_ID", None)
AWS_SECRET_ACCESS_KEY: str | None = env.str("AWS_SECRET_ACCESS_KEY", None)
AWS_DEFAULT_REGION: str = env.str("AWS_DEFAULT_REGION", "us-east-1")
DOWNLOAD_URL_SECONDS: int = env.int("DOWNLOAD_URL_SECONDS", 3600)

# --- a worker's machine -----------------------------------------------------------------------------------
WORK_DIR: Path = Path(env.str("WORK_DIR", str(BASE_DIR / ".run" / "work")))
SOURCE_CACHE_BYTES: int = env.int("SOURCE_CACHE_BYTES", 20 * 1024**3)
SOURCE_LIMIT_BYTES: int = env.int("SOURCE_LIMIT_BYTES", 100 * 1024**3)
TASK_TIMEOUT_MINUTES: int = env.int("TASK_TIMEOUT_MINUTES", 30)
# The longest timeout that a job may ask for; Celery's visibility timeout must be above it.
MAX_TIMEOUT_MINUTES: int = env.int("MAX_TIMEOUT_MINUTES", 11 * 60)
STALL_SECONDS: int = env.int("STALL_SECONDS", 120)
OUTPUT_LIMIT_BYTES: int = env.int("OUTPUT_LIMIT_BYTES", 100 * 1024**3)
# The longest film that a customer's command may make, whatever it says.
COMMAND_DURATION_SECONDS: float = env.float("COMMAND_DURATION_SECONDS", 12 * 3600)
# Of one FFmpeg, resident. Per pool, by the environment of its workers: theirs is the machine that is shared.
MEMORY_LIMIT_BYTES: int = env.int("MEMORY_LIMIT_BYTES", 4 * 1024**3)
# What FFmpeg is kept in: "auto" (Landlock with seccomp, else bubblewrap, else no start), one of the two by name, or
# "none": whoever writes that lets customers' files and commands run with the worker's own rights.
SANDBOX: str = env.str("SANDBOX", "auto")
# How many encodes the GPU's driver allows at once on this machine; 0: as many as come.
GPU_SESSIONS: int = env.int("GPU_SESSIONS", 0, validate=validate.Range(0, 256))
# How long a rung waits for a GPU: with one, for a free session; with no worker for one, before its fallback makes it.
GPU_WAIT_SECONDS: float = env.float("GPU_WAIT_SECONDS", 60.0, validate=validate.Range(0, 3600))
# Whether GPUs decode strangers' films too: what is wrong in them then meets the driver, in the kernel.
GPU_DECODE: bool = env.bool("GPU_DECODE", False)

# --- leases and hints (seconds) ---------------------------------------------------------------------------
LEASE_SECONDS: int = env.int("LEASE_SECONDS", 30)
HEARTBEAT_SECONDS: float = env.float("HEARTBEAT_SECONDS", 2.0)
# How long whoever stops a worker waits before it kills it (a container's stop grace period).
STOP_GRACE_SECONDS: float = env.float("STOP_GRACE_SECONDS", 45.0)
HINT_SECONDS: int = env.int("HINT_SECONDS", 30)
CONDUCTOR_TICK_SECONDS: float = env.float("CONDUCTOR_TICK_SECONDS", 1.0)
RECONCILE_SECONDS: float = env.float("RECONCILE_SECONDS", 2.0)
CHORD_GRACE_SECONDS: float = env.float("CHORD_GRACE_SECONDS", 2.0)

# Where the conductor answers Prometheus; 0 is nowhere.
METRICS_PORT: int = env.int("METRICS_PORT", 0)
METRICS_ADDRESS: str = env.str("METRICS_ADDRESS", "127.0.0.1")

# --- webhooks from outside ---------------------------------------------------------------------------------
# INBOUND_SECRETS_<PROVIDER>, several while one is being replaced; a provider without any is not listened to.
# An empty one is dropped: with it, anybody could sign.
_listed: dict[str, list[str]] = {
    name: env.list(name) for name in os.environ if name.startswith("INBOUND_SECRETS_")
}
INBOUND_SECRETS: dict[str, list[str]] = {
    name.removeprefix("INBOUND_SECRETS_").lower(): [secret for secret in map(str.strip, secrets) if secret]
    for name, secrets in _listed.items()
}
INBOUND_LIMIT_BYTES: int = env.int("INBOUND_LIMIT_BYTES", 1024 * 1024)
INBOUND_MAX_TRIES: int = env.int("INBOUND_MAX_TRIES", 6)
# Above the longest that a handler talks to others (a push with many job files: a minute and a half).
INBOUND_LEASE_SECONDS: int = env.int("INBOUND_LEASE_SECONDS", 120)
INBOUND_KEEP_DAYS: int = env.int("INBOUND_KEEP_DAYS", 90)
# A plan's name, as Stripe's metadata or price has it, and its jobs a month; null: no limit.
BILLING_PLANS: dict[str, int | None] = json.loads(env.str("BILLING_PLANS", "{}"))
# The failed payment of an invoice at which its account is suspended: 1 is the first.
BILLING_SUSPEND_AT_ATTEMPT: int = env.int("BILLING_SUSPEND_AT_ATTEMPT", 1)
GITHUB_API_URL: str = env.str("GITHUB_API_URL", "https://api.github.com")
# Reads private files, and asks for lost deliveries of GITHUB_HOOKS (repos/OWNER/NAME/hooks/ID, orgs/ORG/hooks/ID).
GITHUB_TOKEN: str = env.str("GITHUB_TOKEN", "")
GITHUB_HOOKS: list[str] = env.list("GITHUB_HOOKS", [])

# --- webhooks and mail out ---------------------------------------------------------------------------------
# Retries of a message after its first try; the waits between them grow sixfold from the first.
WEBHOOK_MAX_RETRY: int = env.int("WEBHOOK_MAX_RETRY", 5, validate=validate.Range(0, 20))
WEBHOOK_BACKOFF_SECONDS: float = env.float("WEBHOOK_BACKOFF_SECONDS", 10.0)
# Of one request, from its name look-up to the end of the answer.
HTTP_TIMEOUT: float = env.float("HTTP_TIMEOUT", 10.0, validate=validate.Range(0.1, 120))
# A claim outlives its try by this: a look-up of a name, which nothing can interrupt, and the time to write it down.
WEBHOOK_LEASE_MARGIN_SECONDS: float = env.float("WEBHOOK_LEASE_MARGIN_SECONDS", 20.0)
# Without TLS anybody on the way reads what is sent, and may drop it.
WEBHOOK_ALLOW_HTTP: bool = env.bool("WEBHOOK_ALLOW_HTTP", False)
# Requests at once: of one worker, and to one endpoint over all workers.
WEBHOOK_SLOTS: int = env.int("WEBHOOK_SLOTS", 32, validate=validate.Range(1, 256))
WEBHOOK_SLOTS_PER_ENDPOINT: int = env.int("WEBHOOK_SLOTS_PER_ENDPOINT", 4, validate=validate.Range(1, 64))
WEBHOOK_DISABLE_AFTER_HOURS: int = env.int("WEBHOOK_DISABLE_AFTER_HOURS", 120, validate=validate.Range(1))
WEBHOOK_PROGRESS_SECONDS: float = env.float("WEBHOOK_PROGRESS_SECONDS", 10.0)
WEBHOOK_DELIVERED_HOURS: int = env.int("WEBHOOK_DELIVERED_HOURS", 7 * 24, validate=validate.Range(1))
# Somebody has to have the time to see them: a long weekend at least.
WEBHOOK_DEAD_LETTER_HOURS: int = env.int("WEBHOOK_DEAD_LETTER_HOURS", 30 * 24, validate=validate.Range(72))
EVENT_DAYS: int = env.int("EVENT_DAYS", 30, validate=validate.Range(7))
# Who mail comes from; without it there is none.
MAIL_FROM: str = env.str("MAIL_FROM", "")
EMAIL_HOST: str = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT: int = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER: str = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD: str = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS: bool = env.bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = env.bool("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT: float = HTTP_TIMEOUT

# --- Django -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    # Its pages are found by the URLs: of all processes only the web server has them.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "django_celery_beat",
    "django_celery_results",
    "audit",
    "webhooks",
    "webhooks.inbound",
    "jobs",
    "config.apps.CompositionConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

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

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
STATIC_URL = "/static/"
# Set, it is where `collectstatic` puts the files and the server takes them from; else they come from the packages.
STATIC_ROOT: str | None = env.str("STATIC_ROOT", None)
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGIN_URL = "admin:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# A job's document is small; files never travel through a request body.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["jobs.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["jobs.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["jobs.api.parsers.JsonBody"],
    "DEFAULT_PAGINATION_CLASS": "jobs.api.pagination.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "jobs.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Reelchord",
    "DESCRIPTION": "FFmpeg as infrastructure: post a job, get an id, be told when it is done.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "WEBHOOKS": [f"webhooks.openapi.{type_.replace('.', '_')}" for type_ in EVENT_TYPES],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "JobState": [str(state) for state in JobState],
        "RenditionState": [str(state) for state in RenditionState],
        "AttemptState": [str(state) for state in AttemptState],
        "DeliveryState": [str(state) for state in DeliveryState],
        "DetectionKind": list(DETECTIONS),
    },
}

# --- logs: one line of JSON for each event, on stderr ------------------------------------------------------
_shared: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
structlog.configure(
    processors=[
        *_shared,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": [*_shared, structlog.processors.format_exc_info],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "botocore": {"level": "WARNING"}},
}

# --- the admin: its name, colours and sidebar -------------------------------------------------------------
from config.unfold import UNFOLD  # noqa: E402, F401 - the skin reads it here
