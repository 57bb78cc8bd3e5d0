"""Places and needs as the tests of the copy rules want them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zhudang.preservation.domain.copy_policy import HeldCopy, Need
from zhudang.preservation.domain.site_facts import Kind, SiteFacts
from zhudang.preservation.domain.states import CopyState

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)

HOME = SiteFacts(
    code="a", name="甲库", province="50", latitude=28.446, longitude=109.012, seismic_zone="长江中游", river_basin="长江",
    power_grid="华中", medium="hard_disk", operator="本馆", worm=False,
)  # fmt: skip
NEAR = replace(HOME, code="b", name="乙库", latitude=28.461, longitude=109.034)
FAR = replace(
    HOME,
    code="c",
    name="丙库",
    province="53",
    latitude=25.04,
    longitude=102.71,
    seismic_zone="川滇",
    medium="solid_state",
)
TAPES = replace(HOME, code="d", name="离线带", kind=Kind.REMOVABLE, medium="tape", label="YX-01")

NEED = Need(
    code="open", names={"zh": "公开", "en": "Open"}, kinds=frozenset({"volume"}), levels=frozenset({0}), copies=3, media=2,
    apart_km=300.0, apart_by=("seismic_zone",), offline=1, write_once=0, analogue=0, source="test",
)  # fmt: skip


def need(**changed: Any) -> Need:
    return replace(NEED, **changed)


def held(site: SiteFacts, **changed: Any) -> HeldCopy:
    usual = HeldCopy(site, CopyState.VERIFIED, 2, 2, NOW - timedelta(days=3))
    return replace(usual, **changed)
