"""Every address, one line a context."""

import importlib.util

from django.conf import settings
from django.urls import include, path

from zhudang.site import emergency, views

app_urls = [
    path("", include(f"zhudang.{name}.web.urls"))
    for name in (
        "identity", "audit", "events", "content", "documents", "registry", "filing", "atlas", "handover",
        "preservation", "discovery", "exchange",
    )
    if importlib.util.find_spec(f"zhudang.{name}") and importlib.util.find_spec(f"zhudang.{name}.web")
    and importlib.util.find_spec(f"zhudang.{name}.web.urls")
]  # fmt: skip

site_urls = (
    [
        path("", views.home, name="home"),
        path("health/live", views.live, name="live"),
        path("health/ready", views.ready, name="ready"),
        path("language/", views.set_language, name="language"),
        *([path("emergency/", emergency.page, name="emergency")] if settings.EMERGENCY else []),
        path("style/", views.style, name="style"),
    ],
    "site",
)

urlpatterns = [path("", include(site_urls)), *app_urls]
handler404 = "zhudang.site.views.not_found"
handler500 = "zhudang.site.views.server_error"
handler403 = "zhudang.site.views.forbidden"
handler400 = "zhudang.site.views.bad_request"
