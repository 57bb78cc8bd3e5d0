from django.urls import path

from zhudang.discovery.web import views

app_name = "discovery"
urlpatterns = [
    path("search/", views.search, name="search"),
    path("records/<uuid:record_id>/", views.record, name="record"),
    path("structures/<uuid:structure_id>/", views.structure, name="structure"),
]
