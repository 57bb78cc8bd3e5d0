from django.urls import path

from zhudang.content.web import tus, views

app_name = "content"
urlpatterns = [
    path("files/tus/", tus.uploads_view, name="tus"),
    path("files/tus/<uuid:upload_id>/", tus.upload_view, name="tus_upload"),
    path("files/uploads/<uuid:upload_id>/", tus.facts, name="upload_facts"),
    path("files/<uuid:file_id>/", views.file_bytes, name="file"),
    path("files/<uuid:file_id>/report/", views.report, name="report"),
    path("files/<uuid:file_id>/report.json", views.report_json, name="report_json"),
    path("files/<uuid:file_id>/check/", views.check_again, name="check_again"),
    path("files/<uuid:file_id>/withdraw/", views.withdraw, name="withdraw"),
    path("files/<uuid:file_id>/page/<int:page>.png", views.page_preview, name="page"),
    path("files/<uuid:file_id>/tiles.dzi", views.tiles, name="tiles"),
    path("files/<uuid:file_id>/tiles_files/<int:level>/<int:column>_<int:row>.jpeg", views.tile, name="tile"),
]
