"""Addresses of the registry."""

from django.urls import path

from zhudang.registry.web import changes, imports, recording, structures, views

app_name = "registry"

urlpatterns = [
    path("projects/", views.project_list, name="project_list"),
    path("projects/new/", changes.project_new, name="project_new"),
    path("projects/<uuid:project_id>/", views.project, name="project"),
    path("projects/<uuid:project_id>/edit/", changes.project_edit, name="project_edit"),
    path("projects/<uuid:project_id>/rename/", changes.project_rename, name="project_rename"),
    path("projects/<uuid:project_id>/level/", changes.project_classify, name="project_classify"),
    path("projects/<uuid:project_id>/standing/", changes.project_standing, name="project_standing"),
    path("projects/<uuid:project_id>/phases/new/", changes.phase_new, name="phase_new"),
    path("projects/<uuid:project_id>/units/new/", changes.unit_new, name="unit_new"),
    path("projects/<uuid:project_id>/parties/new/", recording.party_new, name="party_new"),
    path("projects/<uuid:project_id>/permits/new/", recording.permit_new, name="permit_new"),
    path("projects/<uuid:project_id>/acceptance/", recording.acceptance, name="acceptance"),
    path("projects/<uuid:project_id>/responsibility/new/", recording.responsibility_new, name="responsibility_new"),
    path("projects/units/<uuid:unit_work_id>/edit/", changes.unit_edit, name="unit_edit"),
    path("projects/units/<uuid:unit_work_id>/milestones/", recording.milestones, name="milestones"),
    path("projects/parties/<uuid:party_id>/replace/", recording.party_replace, name="party_replace"),
    path("structures/", structures.structure_list, name="structure_list"),
    path("structures/new/", structures.structure_new, name="structure_new"),
    path("structures/<uuid:structure_id>/edit/", structures.structure_edit, name="structure_edit"),
    path("imports/", imports.import_list, name="imports"),
    path("imports/template/<slug:kind>.xlsx", imports.template, name="import_template"),
    path("imports/<uuid:run_id>/", imports.import_run, name="import_run"),
    path("imports/<uuid:run_id>/apply/", imports.import_apply, name="import_apply"),
]
