"""Addresses of handover."""

from django.urls import path

from zhudang.handover.web import applications, checks, deliveries, desk, notices, transfers

app_name = "handover"
urlpatterns = [
    path("handover/projects/<uuid:project_id>/", notices.project, name="project"),
    path("handover/projects/<uuid:project_id>/notice/", notices.notice_of_project, name="notice"),
    path("handover/projects/<uuid:project_id>/notice/issue/", notices.issue, name="notice_issue"),
    path("handover/projects/<uuid:project_id>/commitment.pdf", notices.commitment, name="commitment"),
    path("handover/notices/<uuid:notice_id>/", notices.notice, name="notice_one"),
    path("handover/notices/<uuid:notice_id>/acknowledge/", notices.acknowledge, name="acknowledge"),
    path("handover/papers/<uuid:document_id>.pdf", notices.paper, name="paper"),
    path("handover/projects/<uuid:project_id>/deliveries/", deliveries.of_project, name="deliveries"),
    path("handover/deliveries/<uuid:delivery_id>/", deliveries.delivery, name="delivery"),
    path("handover/deliveries/<uuid:delivery_id>/sign/", deliveries.sign, name="sign"),
    path("handover/deliveries/<uuid:delivery_id>/list.pdf", deliveries.printed, name="delivery_list"),
    path("handover/deliveries/<uuid:delivery_id>/checks/", checks.of_delivery, name="delivery_checks"),
    path("handover/deliveries/<uuid:delivery_id>/checks.json", checks.of_delivery_json, name="delivery_checks_json"),
    path("handover/projects/<uuid:project_id>/apply/", applications.apply, name="application_new"),
    path("handover/applications/", applications.queue, name="applications"),
    path("handover/applications/<uuid:application_id>/", applications.application, name="application"),
    path("handover/applications/<uuid:application_id>/checks/", checks.checks, name="checks"),
    path("handover/applications/<uuid:application_id>/checks.json", checks.checks_json, name="checks_json"),
    path("handover/applications/<uuid:application_id>/checks/seal/", checks.seal, name="checks_seal"),
    path("handover/applications/<uuid:application_id>/supplement/", applications.supplement, name="supplement"),
    path("handover/applications/<uuid:application_id>/withdraw/", applications.withdraw, name="withdraw"),
    path("handover/applications/<uuid:application_id>/transfer/", transfers.propose, name="propose"),
    path("handover/applications/<uuid:application_id>/review/", desk.review, name="review"),
    path("handover/applications/<uuid:application_id>/review/judge/", desk.judge, name="judge"),
    path("handover/applications/<uuid:application_id>/review/pass/", desk.pass_group, name="pass_group"),
    path("handover/applications/<uuid:application_id>/review/again/", desk.demand_again, name="demand_again"),
    path("handover/applications/<uuid:application_id>/review/return/", desk.return_application, name="return"),
    path("handover/applications/<uuid:application_id>/review/accept/", desk.accept, name="accept"),
    path("handover/transfers/", transfers.queue, name="transfers"),
    path("handover/transfers/<uuid:transfer_id>/", transfers.transfer, name="transfer"),
    path("handover/transfers/<uuid:transfer_id>/begin/", transfers.begin, name="begin"),
    path("handover/transfers/<uuid:transfer_id>/count/", transfers.count, name="count"),
    path("handover/transfers/<uuid:transfer_id>/receive/", transfers.receive, name="receive"),
    path("handover/transfers/<uuid:transfer_id>/certificate/", transfers.certify, name="certify"),
    path("handover/certificates/<uuid:certificate_id>/", transfers.certificate, name="certificate"),
]
