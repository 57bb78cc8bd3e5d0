"""Addresses of filing."""

from django.urls import path

from zhudang.filing.web import checks, clerk, excusing, exports, inbox, records, scope, volumes

app_name = "filing"

urlpatterns = [
    path("filing/", clerk.clerk_home, name="clerk_home"),
    path("filing/units/<uuid:unit_work_id>/", clerk.checklist, name="checklist"),
    path("filing/units/<uuid:unit_work_id>/excuse/many/", excusing.excuse_many, name="excuse_many"),
    path("filing/units/<uuid:unit_work_id>/excuse/", clerk.excuse, name="excuse"),
    path("filing/units/<uuid:unit_work_id>/restore/", clerk.restore, name="restore"),
    path("filing/projects/<uuid:project_id>/inbox/", inbox.inbox, name="inbox"),
    path("filing/projects/<uuid:project_id>/inbox/confirm/", inbox.confirm, name="confirm"),
    path("filing/projects/<uuid:project_id>/inbox/dismiss/", inbox.dismiss, name="dismiss"),
    path("filing/projects/<uuid:project_id>/inbox/assign/", inbox.assign, name="assign"),
    path("filing/projects/<uuid:project_id>/upload/", inbox.upload, name="upload"),
    path("filing/projects/<uuid:project_id>/records/", records.record_list, name="records"),
    path("filing/projects/<uuid:project_id>/records/act/", records.act_on_many, name="records_act"),
    path("filing/records/<uuid:record_id>/", records.record_edit, name="record_edit"),
    path("filing/records/<uuid:record_id>/file/", records.file_one, name="record_file"),
    path("filing/records/<uuid:record_id>/undo/", records.undo, name="record_undo"),
    path("filing/records/<uuid:record_id>/replace/", records.replace, name="record_replace"),
    path("filing/records/<uuid:record_id>/cured/", records.cured, name="record_cured"),
    path("filing/records/<uuid:record_id>/withdraw/", records.withdraw, name="record_withdraw"),
    path("filing/projects/<uuid:project_id>/volumes/", volumes.volumes, name="volumes"),
    path("filing/projects/<uuid:project_id>/volumes/compose/", volumes.compose, name="compose"),
    path("filing/projects/<uuid:project_id>/volumes/arrange/", volumes.arrange, name="arrange"),
    path("filing/projects/<uuid:project_id>/volumes/catalogue.pdf", exports.catalogue_pdf, name="catalogue_pdf"),
    path("filing/volumes/<uuid:volume_id>/", volumes.volume, name="volume"),
    path("filing/volumes/<uuid:volume_id>/move/", volumes.move, name="volume_move"),
    path("filing/volumes/<uuid:volume_id>/void/", volumes.void, name="volume_void"),
    path("filing/volumes/<uuid:volume_id>/<slug:form>.pdf", exports.volume_pdf, name="volume_pdf"),
    path("filing/volumes/<uuid:volume_id>/contents.xlsx", exports.contents_xlsx, name="contents_xlsx"),
    path("filing/projects/<uuid:project_id>/checks/", checks.project, name="checks"),
    path("filing/projects/<uuid:project_id>/checks.json", checks.project_json, name="checks_json"),
    path("filing/scope/", scope.scope_lists, name="scope_lists"),
    path("filing/scope/<uuid:list_id>/", scope.scope_list, name="scope_list"),
    path("filing/scope/<uuid:list_id>/adopt/", scope.adopt, name="scope_adopt"),
]
