"""Addresses of the interface; its description is JSON only, no page that would load from elsewhere."""

from django.urls import path

from zhudang.exchange.web.api import api

urlpatterns = [path("api/v1/", api.urls)]
