"""Settings. They come from the environment; secrets are made at first start in the data folder.

Every setting without a safe default stops the start with its name and an example.
"""

import importlib.util
from pathlib import Path

from zhudang.checks.settings import CheckSettings
from zhudang.site import environment

SOURCE = Path(__file__).resolve().parent.parent
DATA = environment.data_folder()
DEMO = environment.flag("ZHUDANG_DEMO", default=False)
DEBUG = environment.flag("ZHUDANG_DEBUG", default=False)
SECRET_KEY = environment.secret("django")
ALLOWED_HOSTS = environment.words("ZHUDANG_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
PUBLIC_URL = environment.text("ZHUDANG_PUBLIC_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []
NETWORK_CEILING = environment.number("ZHUDANG_NETWORK_CEILING", default=1)
IDLE_MINUTES = environment.number("ZHUDANG_IDLE_MINUTES", default=15 if not DEMO else 240)
PASSWORD_DAYS = environment.number("ZHUDANG_PASSWORD_DAYS", default=90)
EMERGENCY = environment.emergency()
"""Set while `zhudang emergency-serve` shows one copy: {copy, log}; else empty."""
# While a copy is only looked at there is no place to write to, and none is prepared.
SITES = [] if EMERGENCY else environment.sites(DATA, like=SOURCE / "demo" / "pack" / "sites.json" if DEMO else None)
PRESERVATION_POLICY = environment.text("ZHUDANG_PRESERVATION_POLICY", default="")
"""A TOML file that takes the place of our policy of copies."""
ARCHIVE_NAME = environment.archive_name(DATA)
KEY_CLASSES = environment.text("ZHUDANG_KEY_CLASSES", default="")
"""File of key classes instead of ours."""
FORMATS = environment.text("ZHUDANG_FORMATS", default="")
"""File of the policy of formats instead of ours."""
WORKING_COPIES_BYTES = environment.number("ZHUDANG_WORKING_COPIES_GB", default=20) * 1024**3
"""How large verified working copies of preserved files may grow together before the oldest go."""
CITY_PACK = environment.text("ZHUDANG_CITY_PACK", default=str(SOURCE / "demo" / "pack") if DEMO else "")
CHECKS = CheckSettings.from_environment()
"""Malware scanner, trust anchors and the city's own profile of the checks."""

# Reading order is the order of the archive's work; import order is the reverse (see pyproject, importlinter).
CONTEXTS = [
    "audit", "events", "identity", "content", "documents", "registry", "filing", "atlas",
    "handover", "preservation", "discovery", "exchange", "demo",
]  # fmt: skip
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    *[f"zhudang.{name}" for name in CONTEXTS if (SOURCE / name / "apps.py").exists()],
    "zhudang.shared.web",
    "zhudang.site",
]
AUTH_USER_MODEL = "identity.Account"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "zhudang.site.middleware.RequestLog",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    *(
        ["zhudang.identity.middleware.ActorMiddleware"]
        if importlib.util.find_spec("zhudang.identity.middleware")
        else []
    ),
    *(["zhudang.site.emergency.ReadOnly"] if EMERGENCY else []),
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "zhudang.site.middleware.Refusals",
]
ROOT_URLCONF = "zhudang.site.urls"
WSGI_APPLICATION = "zhudang.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SOURCE / "site" / "templates", *(SOURCE / name / "web" / "templates" for name in CONTEXTS)],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "zhudang.site.navigation.page_frame",
            ],
        },
    }
]

DATABASES = environment.databases(DATA)
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
USE_I18N = True
TIME_ZONE = environment.text("ZHUDANG_TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [folder for folder in [SOURCE / "site" / "static"] if folder.exists()]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 600

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SESSION_COOKIE_AGE = 12 * 3600  # idle sessions end earlier, by identity.middleware
SESSION_SAVE_EVERY_REQUEST = False
LOGIN_URL = "identity:login"
LOGIN_REDIRECT_URL = "site:home"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    }
}

# Bytes on their way in (see content.conf): the largest file, what stays free on the disk, how long an unfinished
# upload is kept, and how long a line may be silent before its request is given up and can be resumed.
UPLOAD_MAX_BYTES = environment.number("ZHUDANG_UPLOAD_MAX_BYTES", default=64 * 1024**3)
DISK_RESERVE_BYTES = environment.number("ZHUDANG_DISK_RESERVE_BYTES", default=1024**3)
UPLOAD_KEPT_DAYS = environment.number("ZHUDANG_UPLOAD_KEPT_DAYS", default=7)
UPLOAD_STALL_SECONDS = environment.number("ZHUDANG_UPLOAD_STALL_SECONDS", default=60)

# Uploads stream through content's own view; Django's form parser only ever sees small forms.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
LOGGING_CONFIG = "zhudang.site.logs.configure"
LOGGING = {"folder": str(DATA / "log"), "debug": DEBUG}
SILENCED_SYSTEM_CHECKS = ["security.W019", "models.W042"]
