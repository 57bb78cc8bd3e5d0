"""Addresses of signing in, the own account, people and organisations."""

from django.urls import path

from zhudang.identity.web import account, organisations, people, signing_in

app_name = "identity"
urlpatterns = [
    path("login/", signing_in.login, name="login"),
    path("login/reset/", signing_in.reset, name="reset"),
    path("logout/", signing_in.logout, name="logout"),
    path("account/", account.page, name="account"),
    path("account/save/", account.save, name="account_save"),
    path("account/password/", account.password, name="password"),
    path("account/sessions/<uuid:sign_in_id>/end/", account.end_session, name="session_end"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new, name="person_new"),
    path("people/<uuid:account_id>/", people.person, name="person"),
    path("people/<uuid:account_id>/describe/", people.describe, name="person_describe"),
    path("people/<uuid:account_id>/disable/", people.disable, name="person_disable"),
    path("people/<uuid:account_id>/enable/", people.enable, name="person_enable"),
    path("people/<uuid:account_id>/roles/", people.grant, name="person_grant"),
    path("people/<uuid:account_id>/roles/<uuid:membership_id>/end/", people.end_role, name="person_end_role"),
    path("people/<uuid:account_id>/clearance/", people.clearance, name="person_clearance"),
    path("people/<uuid:account_id>/reset/", people.reset, name="person_reset"),
    path("people/<uuid:account_id>/unlock/", people.unlock, name="person_unlock"),
    path("people/<uuid:account_id>/tokens/", people.issue_token, name="person_token"),
    path("people/<uuid:account_id>/tokens/<uuid:token_id>/revoke/", people.revoke_token, name="person_token_revoke"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/new/", organisations.new, name="organisation_new"),
    path("organisations/<uuid:organisation_id>/", organisations.organisation, name="organisation"),
    path("organisations/<uuid:organisation_id>/rename/", organisations.rename, name="organisation_rename"),
    path("organisations/<uuid:organisation_id>/describe/", organisations.describe, name="organisation_describe"),
]
