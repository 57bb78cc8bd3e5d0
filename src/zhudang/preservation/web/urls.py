"""Addresses of preservation."""

from django.urls import path

from zhudang.preservation.web import key_pages, views

app_name = "preservation"
urlpatterns = [
    path("preservation/", views.holdings, name="holdings"),
    path("preservation/read/", views.read_all, name="read_all"),
    path("preservation/readings/", views.readings, name="readings"),
    path("preservation/books/", views.books, name="books"),
    path("preservation/keys/", key_pages.keys, name="keys"),
    path("preservation/ingests/<uuid:transfer_id>/resume/", views.resume, name="resume"),
    path("preservation/<uuid:object_id>/", views.one_object, name="object"),
    path("preservation/<uuid:object_id>/read/", views.read_one, name="read_one"),
]
