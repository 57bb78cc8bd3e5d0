"""Addresses of the inbox and of long work."""

from django.urls import path

from zhudang.events.web import views

app_name = "events"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.mark_read, name="inbox_read"),
    path("inbox/<uuid:message_id>/", views.open_message, name="message"),
    path("work/failures/", views.failures, name="failures"),
    path("work/failures/<uuid:failure_id>/again/", views.deliver_again, name="deliver_again"),
    path("work/<uuid:work_id>/", views.work, name="work"),
    path("work/<uuid:work_id>/progress/", views.progress, name="work_progress"),
    path("work/<uuid:work_id>/cancel/", views.cancel, name="work_cancel"),
]
