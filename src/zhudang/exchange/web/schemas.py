"""The shapes of messages in and out, as the interface's own description (OpenAPI) shows them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from ninja import Field, Schema

from zhudang.exchange.taking import (
    OrganisationMessage,
    PartyMessage,
    PermitMessage,
    PhaseMessage,
    ProjectMessage,
    UnitMessage,
)


class OrganisationIn(Schema):
    """An organisation: credit code where there is one."""

    name: str = Field(max_length=200, description="单位全称")
    credit_code: str = Field("", max_length=32, description="统一社会信用代码")

    def read(self) -> OrganisationMessage:
        """Give it in the shape of the operation."""
        return OrganisationMessage(self.name, self.credit_code)


class UnitIn(Schema):
    """A unit work (单体)."""

    code: str = Field(max_length=64, description="单体编码 / 单位工程编号")
    name: str = Field(max_length=300)
    kind: str = Field(description="building, road, bridge, pipeline")
    nature: str = "new"


class PhaseIn(Schema):
    """A phase (工程, GCDM)."""

    code: str = Field(max_length=64, description="工程代码 GCDM")
    name: str = Field(max_length=300)
    unit_works: list[UnitIn] = Field(default_factory=list, max_length=500)


class PartyIn(Schema):
    """A party."""

    role: str = Field(description="survey, design, contractor, supervisor")
    organisation: OrganisationIn


class ProjectIn(Schema):
    """A project (XMJBXXB)."""

    code: str = Field(max_length=64, description="项目代码 XMDM")
    name: str = Field(max_length=300, description="XMMC")
    kind: str = Field(description="building, road, bridge, pipeline")
    client: OrganisationIn
    address: str = Field("", max_length=300, description="JSDD")
    area_code: str = Field("", max_length=12, description="XZQHDM")
    lon: float | None = Field(None, description="经度 CGCS2000")
    lat: float | None = Field(None, description="纬度 CGCS2000")
    started_on: date | None = None


class PermitIn(Schema):
    """A permit and the project it is for."""

    key: str = Field(max_length=120, description="地方数据主键 DFSJZJ：同一主键、同一内容重发，回答不变")
    kind: str = Field(description="planning, construction, land, site, rural")
    number: str = Field(max_length=64, description="证号")
    issued_on: date
    issuer: str = Field("", max_length=200)
    unit_works: list[str] = Field(default_factory=list, max_length=500, description="所涉单位工程编号；空为整个项目")
    project: ProjectIn
    phases: list[PhaseIn] = Field(default_factory=list, max_length=100)
    parties: list[PartyIn] = Field(default_factory=list, max_length=200)

    def read(self, system: str) -> PermitMessage:
        """Give it in the shape of the operation."""
        said = self.project
        return PermitMessage(
            project=ProjectMessage(
                said.code, said.name, said.kind, said.client.read(), said.address, said.area_code, said.lon, said.lat,
                said.started_on,
            ),
            kind=self.kind, number=self.number, issued_on=self.issued_on, issuer=self.issuer,
            unit_work_codes=tuple(self.unit_works), system=system,
            phases=tuple(
                PhaseMessage(p.code, p.name, tuple(UnitMessage(u.code, u.name, u.kind, u.nature) for u in p.unit_works))
                for p in self.phases
            ),
            parties=tuple(PartyMessage(p.role, p.organisation.read()) for p in self.parties),
        )  # fmt: skip


class ApplicationIn(Schema):
    """A case of the joint completion acceptance."""

    key: str = Field(max_length=120, description="事项实例编码 SPSXSLBM")
    project_code: str = Field(max_length=64)
    mode: str = Field("commitment", description="commitment, before_filing, staged")
    contact: str = Field("", max_length=60)
    phone: str = Field("", max_length=40)


class WarningOut(Schema):
    """Something left as it was."""

    code: str
    message: str


class PermitOut(Schema):
    """What came of a permit."""

    project_id: UUID
    project_created: bool
    permit_id: UUID
    unit_works_created: list[UUID]
    parties_created: list[UUID]
    warnings: list[WarningOut]
    repeated: bool = False


class ApplicationOut(Schema):
    """What came of an application."""

    project_id: UUID
    application_id: UUID
    repeated: bool = False


class AcceptanceOut(Schema):
    """Whether a valid acceptance opinion covers the project; `accepted` is the answer."""

    project: str
    known: bool
    accepted: bool
    reason: str
    opinion: dict[str, Any] | None
    transfer: int = Field(description="档案移交状态 DAYSZT：0 未移交，1 承诺移交，2 部分移交，3 已移交")


class ReasonOut(Schema):
    """One reason of a no."""

    code: str
    message: str
    field: str = ""


class ReasonsOut(Schema):
    """Every reason of a no, at once."""

    reasons: list[ReasonOut]
