"""The walk's table: every address by name, and what kind of thing it speaks of.

An address that is not here fails the walk, so that nobody forgets to say who may know of its object.
"""

from dataclasses import dataclass
from enum import Enum


class Speaks(Enum):
    """What an address speaks of."""

    OF_NOTHING = "nothing"
    """The same for everybody, or of the person alone: health, sign-in, the own account."""
    OF_MANY = "many"
    """A list: what is hidden may change neither its rows nor its counts."""
    OF_ONE = "one"
    """One thing with an audience: hidden and absent are answered alike."""
    BY_ROLE = "role"
    """One thing that only some roles ever see: to the others existing and absent are alike."""
    OF_OWN = "own"
    """One thing that only its maker ever sees: to all others existing and absent are alike."""


@dataclass(frozen=True)
class Walk:
    """How an address is walked.

    Attributes:
        deciding: the argument whose thing decides; the others are filled from the same variant.
        fixed: arguments that are no things.
        methods: asked with each of these.
    """

    speaks: Speaks
    deciding: str = ""
    fixed: tuple[tuple[str, object], ...] = ()
    methods: tuple[str, ...] = ("get", "post")


NOTHING = Walk(Speaks.OF_NOTHING)
MANY = Walk(Speaks.OF_MANY, methods=("get",))


def one(deciding: str, *methods: str, **fixed: object) -> Walk:
    return Walk(Speaks.OF_ONE, deciding, tuple(fixed.items()), methods or ("get", "post"))


def role(deciding: str, *methods: str, **fixed: object) -> Walk:
    return Walk(Speaks.BY_ROLE, deciding, tuple(fixed.items()), methods or ("get", "post"))


def own(deciding: str, *methods: str) -> Walk:
    return Walk(Speaks.OF_OWN, deciding, (), methods or ("get", "post"))


def each(namespace: str, names: str, walk: Walk) -> dict[str, Walk]:
    return {f"{namespace}:{name}": walk for name in names.split()}


TABLE: dict[str, Walk] = {
    # site
    **each("site", "home live ready language style", NOTHING),
    # identity
    **each("identity", "login reset logout account account_save password", NOTHING),
    **each("identity", "people organisations person_new organisation_new", MANY),
    "identity:session_end": own("sign_in_id", "post"),
    **each(
        "identity",
        "person person_describe person_disable person_enable person_grant person_clearance person_reset person_unlock person_token",
        role("account_id"),
    ),
    "identity:person_end_role": role("membership_id"),
    "identity:person_token_revoke": role("token_id"),
    **each("identity", "organisation organisation_rename organisation_describe", role("organisation_id")),
    # audit
    "audit:log": Walk(Speaks.BY_ROLE, "", (), ("get",)),
    "audit:heads": Walk(Speaks.BY_ROLE, "", (), ("get",)),
    "audit:verify": Walk(Speaks.BY_ROLE, "", (), ("post",)),
    "audit:entry": role("entry_id"),
    # events
    **each("events", "inbox", MANY),
    "events:inbox_read": NOTHING,
    "events:failures": Walk(Speaks.BY_ROLE, "", (), ("get",)),
    "events:deliver_again": role("failure_id"),
    "events:message": one("message_id"),
    **each("events", "work work_progress", one("work_id")),
    "events:work_cancel": one("work_id", "get", "post"),
    # content
    "content:tus": NOTHING,
    "content:tus_upload": own("upload_id", "head", "patch", "delete"),
    "content:upload_facts": own("upload_id", "get"),
    **each("content", "file report report_json check_again withdraw tiles", one("file_id")),
    "content:page": one("file_id", "get", page=1),
    "content:tile": one("file_id", "get", level=8, column=0, row=0),
    # documents
    **each("documents", "verify offline", NOTHING),
    "documents:verify_code": Walk(Speaks.OF_NOTHING, "", (("check_code", "ABCD2345"),)),
    # registry
    **each("registry", "project_list structure_list", MANY),
    **each("registry", "project_new structure_new imports", MANY),
    **each(
        "registry",
        "project project_edit project_rename project_classify project_standing phase_new unit_new party_new permit_new acceptance responsibility_new",
        one("project_id"),
    ),
    **each("registry", "unit_edit milestones", one("unit_work_id")),
    "registry:party_replace": one("party_id"),
    "registry:structure_edit": one("structure_id"),
    "registry:import_template": Walk(Speaks.OF_NOTHING, "", (("kind", "projects"),)),
    **each("registry", "import_run import_apply", role("run_id")),
    # filing
    "filing:clerk_home": MANY,
    **each("filing", "checklist excuse excuse_many restore", one("unit_work_id")),
    **each(
        "filing",
        "inbox confirm dismiss assign upload records records_act volumes compose arrange catalogue_pdf checks checks_json",
        one("project_id"),
    ),
    **each(
        "filing", "record_edit record_file record_undo record_replace record_cured record_withdraw", one("record_id")
    ),
    **each("filing", "volume volume_move volume_void contents_xlsx", one("volume_id")),
    "filing:volume_pdf": one("volume_id", "get", form="cover"),
    "filing:scope_lists": NOTHING,
    **each("filing", "scope_list scope_adopt", role("list_id")),
    # atlas
    "atlas:map": MANY,
    "atlas:base": NOTHING,
    "atlas:features": MANY,
    # preservation
    **each("preservation", "holdings sites readings books keys formats", MANY),
    "preservation:format_review": Walk(Speaks.OF_NOTHING, "", (), ("get",)),
    "preservation:migrate": Walk(Speaks.BY_ROLE, "", (), ("get",)),
    "preservation:migration": role("migration_id"),
    "preservation:read_all": Walk(Speaks.OF_NOTHING, "", (), ("get",)),
    "preservation:resume": one("transfer_id"),
    **each("preservation", "object read_one register_copy", one("object_id")),
    **each("preservation", "policy below disposals disposal_new", MANY),
    **each(
        "preservation",
        "disposal_case disposal_opinion disposal_decide disposal_stop disposal_call disposal_witness disposal_begin disposal_clear disposal_look",
        role("case_id"),
    ),
    "preservation:disposal_stay": one("object_id"),
    "preservation:disposal_stay_lift": role("stay_id"),
    **each(
        "preservation",
        "holding_class plan plan_end choose_places",
        Walk(Speaks.BY_ROLE, "", (("class_code", "internal"),), ("get",)),
    ),
    **each("preservation", "site catch_up hand_over", role("site_id")),
    **each("preservation", "custody_sign custody_withdraw", role("custody_id")),
    **each("preservation", "copy_inspected copy_withdrawn", one("copy_id")),
    # discovery
    "discovery:search": MANY,
    "discovery:record": one("record_id"),
    "discovery:structure": one("structure_id"),
    # exchange
    **each("exchange", "openapi-json api-root send_permit send_application", NOTHING),
    "exchange:read_acceptance": one("code", "get"),
}

# handover
TABLE |= {
    **each("handover", "applications transfers", MANY),
    **each("handover", "project notice notice_issue commitment deliveries application_new", one("project_id")),
    **each("handover", "notice_one acknowledge", one("notice_id")),
    "handover:paper": one("document_id", "get"),
    **each("handover", "delivery sign delivery_list delivery_checks delivery_checks_json", one("delivery_id")),
    **each(
        "handover",
        "application checks checks_json checks_seal supplement withdraw propose review judge pass_group demand_again return accept",
        one("application_id"),
    ),
    **each("handover", "transfer begin count receive certify", one("transfer_id")),
    "handover:certificate": one("certificate_id"),
}
