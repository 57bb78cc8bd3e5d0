"""Addresses of the map."""

from django.urls import path

from zhudang.atlas.web import views

app_name = "atlas"

urlpatterns = [
    path("map/", views.map_page, name="map"),
    path("map/base.geojson", views.base, name="base"),
    path("map/features.geojson", views.features, name="features"),
]
