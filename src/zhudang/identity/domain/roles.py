"""The roles people hold, and which of them one person may hold together."""

from collections.abc import Iterable
from enum import StrEnum

from zhudang.shared.refusals import Reason


class Role(StrEnum):
    """What a member does for an organisation. Stored values; never renamed."""

    CLIENT_MANAGER = "client_manager"
    CLIENT_CLERK = "client_clerk"
    PARTY_CLERK = "party_clerk"
    REVIEWER = "reviewer"
    ARCHIVIST = "archivist"
    KEEPER = "keeper"
    SERVICE_DESK = "service_desk"
    OFFICIAL = "official"
    EMERGENCY_OFFICER = "emergency_officer"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"
    PUBLIC = "public"


OFFICERS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""三员: one person holds at most one of these, and nothing beside it."""

FILERS = frozenset({Role.CLIENT_MANAGER, Role.CLIENT_CLERK, Role.PARTY_CLERK})
"""Those who file. Whoever files may not judge what is filed."""

ARCHIVE_ROLES = frozenset({Role.REVIEWER, Role.ARCHIVIST, Role.KEEPER, Role.SERVICE_DESK})
DEPARTMENT_ROLES = frozenset({Role.OFFICIAL})
AUTHORITY_ROLES = ARCHIVE_ROLES | DEPARTMENT_ROLES | {Role.EMERGENCY_OFFICER}
"""Roles of the bureau: archive, department, emergency duty. They may meet in one person."""


class OrganisationKind(StrEnum):
    """What an organisation is by nature; what it does in a project is said by the project's parties."""

    COMPANY = "company"
    INSTITUTION = "institution"
    AGENCY = "agency"
    ASSOCIATION = "association"
    ARCHIVE = "archive"
    DEPARTMENT = "department"
    OTHER = "other"


_OFFICES = frozenset({OrganisationKind.ARCHIVE, OrganisationKind.DEPARTMENT})


def why_not_combine(held: Iterable[Role], wanted: Role) -> list[Reason]:
    """Tell everything that keeps a person who holds `held` from being given `wanted` as well.

    Source: preservation-security.md section 4, 三员分立: one person, one officer role, no business role
    beside it. Filing and judging in one hand is refused too, because it would void the acceptance.
    """
    held = frozenset(held)
    reasons = []
    if wanted in OFFICERS and (held & OFFICERS) - {wanted}:
        reasons.append(Reason("identity.second_officer_role", {"held": sorted(held & OFFICERS), "wanted": wanted}))
    if wanted in OFFICERS and held - OFFICERS:
        reasons.append(Reason("identity.officer_beside_business", {"held": sorted(held - OFFICERS), "wanted": wanted}))
    if wanted not in OFFICERS and held & OFFICERS:
        reasons.append(Reason("identity.business_beside_officer", {"held": sorted(held & OFFICERS), "wanted": wanted}))
    if wanted in FILERS and held & AUTHORITY_ROLES:
        reasons.append(Reason("identity.files_and_judges", {"held": sorted(held & AUTHORITY_ROLES), "wanted": wanted}))
    if wanted in AUTHORITY_ROLES and held & FILERS:
        reasons.append(Reason("identity.files_and_judges", {"held": sorted(held & FILERS), "wanted": wanted}))
    return reasons


def why_not_hold_at(role: Role, organisation_kind: str | None) -> list[Reason]:
    """Tell why `role` cannot be held at an organisation of that kind; None means no organisation at all."""
    if role is Role.PUBLIC:
        return [Reason("identity.public_has_no_organisation", {})] if organisation_kind else []
    if organisation_kind is None:
        return [Reason("identity.role_needs_organisation", {"wanted": role})]
    if role in (ARCHIVE_ROLES | DEPARTMENT_ROLES | OFFICERS) and organisation_kind not in _OFFICES:
        return [Reason("identity.role_needs_office", {"wanted": role})]
    return []
