"""What the tests of the keys share: a home for them, the security administrator, a whole ceremony."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from filing.filing_support import NOW, person
from preservation.kept_project import roots, site_settings
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.identity.rights import SYSTEM
from zhudang.preservation.keys import ceremony, classes, wrapping
from zhudang.preservation.ocfl.sealing import Identities, Identity
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Refusal

HOLDERS = ["馆长 甲", "住建局分管局长 乙", "市档案局 丙"]
PASSWORD = "Kaocheng-2026-heng"


def classes_of(folder: Path, *codes: str, backup: str = "age") -> str:
    """Our file of key classes with some of them under the national suite; gives its path."""
    text = (Path(classes.__file__).parents[1] / "data" / "key_classes.toml").read_text(encoding="utf-8")
    for code in codes:
        text = text.replace(f'code = "{code}"\n', f'code = "{code}"\nsuite = "sm"\n')
    assert text.count('suite = "sm"\n') == len(codes)
    path = folder / f"classes-{'-'.join(codes)}.toml"
    assert text.count('\nsuite = "age"\n') == 1
    path.write_text(text.replace('\nsuite = "age"\n', f'\nsuite = "{backup}"\n'), encoding="utf-8")
    return str(path)


@pytest.fixture
def home(settings, tmp_path: Path) -> Path:
    """An installation with two sites whose class confidential is of the national suite, the others of age."""
    settings.SITES = site_settings(tmp_path)
    settings.KEY_CLASSES = classes_of(tmp_path, "confidential")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    places(NOW)
    return tmp_path / "data" / "keys"


def security_administrator(username: str = "secadmin") -> Any:
    archive = identity.register_organisation(actor=SYSTEM, name="城建档案馆", kind="archive", now=NOW)
    return person(username, archive, Role.SECURITY_ADMIN)


def hold(actor: Any, *, needed: int = 2, holders: list[str] | None = None) -> list[str]:
    """A whole ceremony; gives the shares."""
    under_way = ceremony.begin(actor=actor, needed=needed, holders=holders or HOLDERS)
    words = [under_way.share(number) for number in range(1, len(under_way.holders) + 1)]
    for number, share in enumerate(words, 1):
        assert under_way.type_back(number, share) == []
    ceremony.finish(under_way, now=NOW)
    return words


def codes(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [reason.code.removeprefix("preservation.") for reason in refused.value.reasons]


def opened_everywhere(home: Path, key: list[Identity]) -> None:
    """Every key file in the installation and at every site opens with this key alone, of both suites."""
    register = wrapping.register_at(home)
    assert register is not None
    for place in [home, *(root.folder for root in roots(home.parents[1]))]:
        assert (place / "keys.json").read_bytes() == register.to_json()
        for each in register.classes:
            wrapping.open_key(each, Identities(key), [place])


@pytest.fixture
def secadmin(home: Path) -> Any:
    actor = security_administrator()
    account = Account.objects.get(username="secadmin")
    account.set_password(PASSWORD)
    account.must_change_password, account.password_changed_at = False, timezone.now()
    account.save()
    return actor
