"""Addresses of the log."""

from django.urls import path

from zhudang.audit.web import views

app_name = "audit"
urlpatterns = [
    path("audit/", views.log, name="log"),
    path("audit/heads/", views.heads, name="heads"),
    path("audit/verify/", views.verify, name="verify"),
    path("audit/<uuid:entry_id>/", views.entry, name="entry"),
]
