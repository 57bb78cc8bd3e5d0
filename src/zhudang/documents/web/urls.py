"""Addresses of the public check."""

from django.urls import path

from zhudang.documents.web import views

app_name = "documents"
urlpatterns = [
    path("verify/", views.verify, name="verify"),
    path("verify/offline/", views.offline, name="offline"),
    path("verify/<str:check_code>/", views.verify_code, name="verify_code"),
]
