"""What an installation decides about its checks; the same settings give the same answers everywhere.

CheckSettings.from_environment()    ZHUDANG_CLAMD, ZHUDANG_TRUST, ZHUDANG_CHECK_PROFILE
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """Where the installation's own pieces lie; each is None where there is none.

    Args:
        clamd: address of a ClamAV daemon, `unix:/run/clamav/clamd.ctl` or `tcp:host:port`; without it
            malware stays `not_checked`.
        trust: folder of trust anchors, intermediate certificates and revocation lists (`trust.py`);
            without it no signature is ever called trusted.
        profile: the city's own weights, limits and stages (`profile.py`), a TOML file.
    """

    clamd: str | None = None
    trust: str | None = None
    profile: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        return cls(
            clamd=environment.get("ZHUDANG_CLAMD") or None,
            trust=environment.get("ZHUDANG_TRUST") or None,
            profile=environment.get("ZHUDANG_CHECK_PROFILE") or None,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(clamd=data.get("clamd"), trust=data.get("trust"), profile=data.get("profile"))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
