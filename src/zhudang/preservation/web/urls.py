"""Addresses of preservation."""

from django.urls import path

from zhudang.preservation.web import disposal_views, format_views, key_pages, policy_views, site_views, views

app_name = "preservation"
urlpatterns = [
    path("preservation/", views.holdings, name="holdings"),
    path("preservation/read/", views.read_all, name="read_all"),
    path("preservation/readings/", views.readings, name="readings"),
    path("preservation/books/", views.books, name="books"),
    path("preservation/keys/", key_pages.keys, name="keys"),
    path("preservation/formats/", format_views.formats, name="formats"),
    path("preservation/formats/review/", format_views.review, name="format_review"),
    path("preservation/formats/migrate/", format_views.migrate, name="migrate"),
    path("preservation/migrations/<uuid:migration_id>/", format_views.migration, name="migration"),
    path("preservation/ingests/<uuid:transfer_id>/resume/", views.resume, name="resume"),
    path("preservation/policy/", policy_views.overview, name="policy"),
    path("preservation/policy/below/", policy_views.below, name="below"),
    path("preservation/policy/class/<slug:class_code>/", policy_views.holding_class, name="holding_class"),
    path("preservation/policy/class/<slug:class_code>/plan/", policy_views.plan, name="plan"),
    path("preservation/policy/class/<slug:class_code>/plan/end/", policy_views.plan_end, name="plan_end"),
    path("preservation/policy/class/<slug:class_code>/places/", policy_views.choose_places, name="choose_places"),
    path("preservation/disposal/", disposal_views.overview, name="disposals"),
    path("preservation/disposal/new/", disposal_views.propose, name="disposal_new"),
    path("preservation/disposal/<uuid:case_id>/", disposal_views.one_case, name="disposal_case"),
    path("preservation/disposal/<uuid:case_id>/opinion/", disposal_views.opinion, name="disposal_opinion"),
    path("preservation/disposal/<uuid:case_id>/decide/", disposal_views.decide, name="disposal_decide"),
    path("preservation/disposal/<uuid:case_id>/stop/", disposal_views.stop, name="disposal_stop"),
    path("preservation/disposal/<uuid:case_id>/call/", disposal_views.call, name="disposal_call"),
    path("preservation/disposal/<uuid:case_id>/witness/", disposal_views.witness, name="disposal_witness"),
    path("preservation/disposal/<uuid:case_id>/begin/", disposal_views.begin, name="disposal_begin"),
    path("preservation/disposal/<uuid:case_id>/clear/", disposal_views.clear, name="disposal_clear"),
    path("preservation/disposal/<uuid:case_id>/look/", disposal_views.look, name="disposal_look"),
    path("preservation/disposal/stays/<uuid:stay_id>/lift/", disposal_views.stay_lift, name="disposal_stay_lift"),
    path("preservation/<uuid:object_id>/stay/", disposal_views.stay, name="disposal_stay"),
    path("preservation/sites/", views.sites, name="sites"),
    path("preservation/sites/<uuid:site_id>/", site_views.site, name="site"),
    path("preservation/sites/<uuid:site_id>/catch-up/", site_views.catch_up, name="catch_up"),
    path("preservation/sites/<uuid:site_id>/custody/", site_views.hand_over, name="hand_over"),
    path("preservation/custody/<uuid:custody_id>/sign/", site_views.sign, name="custody_sign"),
    path("preservation/custody/<uuid:custody_id>/withdraw/", site_views.withdraw, name="custody_withdraw"),
    path("preservation/<uuid:object_id>/registered/", site_views.register_copy, name="register_copy"),
    path("preservation/registered/<uuid:copy_id>/inspected/", site_views.inspected, name="copy_inspected"),
    path("preservation/registered/<uuid:copy_id>/withdrawn/", site_views.withdrawn, name="copy_withdrawn"),
    path("preservation/<uuid:object_id>/", views.one_object, name="object"),
    path("preservation/<uuid:object_id>/read/", views.read_one, name="read_one"),
]
