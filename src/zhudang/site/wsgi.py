"""The application granian serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from zhudang.shared.standing import leave_what_stands

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
application = get_wsgi_application()
_ = get_resolver().url_patterns  # loads every page's module, which the first request would do otherwise
leave_what_stands()
