"""The policy of copies in force: the installation's own file, else ours."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

from django.conf import settings

from zhudang.preservation.domain.policy_data import Policy, read_policy
from zhudang.preservation.domain.site_facts import Kind, SiteFacts
from zhudang.preservation.domain.states import READ_AGAIN_AFTER_DAYS

CAUGHT_UP_WITHIN_DAYS = 7
"""A bucket is caught up every hour; one that lacked something for so long is no longer waited for."""
OURS = Path(__file__).parent / "data" / "policy.toml"


def policy() -> Policy:
    """The policy in force.

    Raises:
        ValueError: its file cannot be used, told whole.
    """
    return _read(Path(settings.PRESERVATION_POLICY or OURS))


def call_in_days(facts: SiteFacts) -> int:
    """How often a removable set is to be called in; within how many days a bucket is to hold all it should."""
    if facts.kind is Kind.S3:
        return CAUGHT_UP_WITHIN_DAYS
    return facts.call_in_days or policy().call_in_days


def due_days(facts: SiteFacts) -> int:
    """After how many days without a whole reading a copy at this place no longer counts."""
    return call_in_days(facts) + policy().grace_days if facts.offline else READ_AGAIN_AFTER_DAYS


@functools.cache
def _read(path: Path) -> Policy:
    try:
        return read_policy(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValueError) as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong
