"""What the archive's own registers are called, and what is in no object of the store, each with its reason.

Every table of the database is described by a project's catalogue or by the archive's own registers, or stands in
`NOT_KEPT`: a test goes through all tables and fails on one that is nowhere.
"""

from collections.abc import Mapping

ABOUT: Mapping[str, str] = {
    "zh": "不属于任何一个项目的登记：单位、人员和角色，行政区划、工作日历，归档范围表和采用哪一份，编号用到几号，底图，"
    "存储地、副本安排、补救计划、移交保管、调回、纸质缩微副本，账物目核对，格式复核与转换，暂缓销毁。"
    "catalogue/*.jsonl 每行一条；列名就是数据库的列名，*_id 指向别的表的 id。项目的登记在各项目自己的对象里。",
    "en": "Registers that belong to no project: organisations, people and roles, division codes, the working calendar, scope "
    "lists and which is in use, last numbers given, the base map, places of copies, where classes of holdings go, plans of "
    "remedy, custody, call-ins, copies on paper and film, comparisons of the books, reviews and migrations of formats, stays "
    "of destruction. catalogue/*.jsonl holds a row a line; columns are those of the database, *_id names the id of a row in "
    "another table. A project's registers are in the project's own object.",
}
NOT_HERE: Mapping[str, str] = {
    "zh": "口令、一次性代码、访问令牌和任何密钥都不在这里：重建之后帐号是停用的，由安全管理员逐个启用并发一次性代码。",
    "en": "Passwords, one-time codes, access tokens and keys are not here: after a rebuild accounts are closed, and the "
    "security administrator opens each and hands over a one-time code.",
}
TABLES: Mapping[str, tuple[str, str]] = {
    "identity.organisation": ("单位", "organisations"),
    "identity.organisation_name": ("单位名称沿革", "names organisations bore"),
    "identity.account": ("帐号（无口令）", "accounts, without passwords"),
    "identity.membership": ("角色任免", "roles held, and until when"),
    "registry.area": ("行政区划", "division codes"),
    "registry.calendar_year": ("工作日历年份", "years of the working calendar"),
    "registry.calendar_day": ("节假日与调休", "holidays and shifted working days"),
    "registry.structure": ("没有入库项目的建（构）筑物", "structures of no kept project"),
    "filing.scope_list": ("归档范围表", "scope lists"),
    "filing.scope_item": ("归档范围条目", "rows of scope lists"),
    "filing.scope_adoption": ("采用的归档范围", "which scope list is in use"),
    "filing.counter": ("档号与登记号用到几号", "last reference and accession numbers given"),
    "documents.number_series": ("文书编号用到几号", "last numbers of documents given"),
    "atlas.base_feature": ("底图", "the base map"),
    "preservation.site": ("存储地", "places of copies"),
    "preservation.remedy_plan": ("补救计划", "plans of remedy"),
    "preservation.placement": ("副本安排", "where classes of holdings go"),
    "preservation.custody": ("移交保管", "hands a removable set passed through"),
    "preservation.catch_up": ("调回", "call-ins of removable sets"),
    "preservation.registered_copy": ("纸质、缩微副本", "copies on paper and film"),
    "preservation.book_comparison": ("账物目核对", "comparisons of the books"),
    "preservation.format_review": ("格式复核", "reviews of formats"),
    "preservation.format_migration": ("格式转换令", "migrations of formats, ended ones"),
    "preservation.migration_outcome": ("没有转换的文件", "files a migration did not convert"),
    "preservation.disposal_stay": ("暂缓销毁", "stays of destruction"),
}

_SECRET = "opens something; made anew after a rebuild"
_TRACE = "traces of signing in, of use while they are fresh"
_DERIVED = "made again from what comes back"
_OF_THE_STORE = "read from the stores themselves"
_PROGRESS = "work in progress, which the backup of the database holds"
_LOG = "the log: the backup holds it, its heads and signed roots lie with the witnesses beside the sites"
_FRAMEWORK = "of the framework, made by migrating"
NOT_KEPT: Mapping[str, str] = {
    "identity_formerpassword": _SECRET,
    "identity_resetcode": _SECRET,
    "identity_accesstoken": _SECRET,
    "identity_loginfailure": _TRACE,
    "identity_signin": _TRACE,
    "django_session": _TRACE,
    "registry_importrun": "paper of an import: what it made stands in the registry, and in the log",
    "registry_importrow": "paper of an import: what it made stands in the registry, and in the log",
    "filing_suggestion": _PROGRESS,
    "filing_keptsums": _DERIVED,
    "filing_change": _DERIVED,
    "content_upload": _PROGRESS,
    "content_checkrequest": _PROGRESS,
    "discovery_entry": _DERIVED,
    "discovery_pagetext": _DERIVED,
    "preservation_heldformat": _DERIVED,
    "preservation_archivalobject": _OF_THE_STORE,
    "preservation_copy": _OF_THE_STORE,
    "preservation_ingest": _PROGRESS,
    "preservation_reading": "changes with every reading; each is an act in the log, and after a rebuild all is read anew",
    "events_event": _PROGRESS,
    "events_delivery": _PROGRESS,
    "events_message": _PROGRESS,
    "events_messageread": _PROGRESS,
    "events_work": _PROGRESS,
    "exchange_message": "answers given to other systems: what they sent is work in progress, to be sent again if it was lost",
    "audit_entry": _LOG,
    "audit_unsealed": _LOG,
    "audit_seal": _LOG,
    "audit_head": _LOG,
    "audit_treetile": _LOG,
    "audit_treehead": _LOG,
    "audit_searchblock": _LOG,
    "django_migrations": _FRAMEWORK,
    "django_content_type": _FRAMEWORK,
    "auth_permission": _FRAMEWORK,
    "auth_group": "of the framework and empty: roles are in identity_membership",
    "auth_group_permissions": "of the framework and empty: roles are in identity_membership",
}
"""Table -> why no object of the store holds it."""
NOT_KEPT_BEGINNING = {"procrastinate_": "the queue of jobs: work in progress"}
