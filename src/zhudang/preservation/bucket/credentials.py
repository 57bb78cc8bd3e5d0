"""The credentials of a site: a file of its own for each, readable by its owner only, never in the database."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from zhudang.shared.refusals import Reason, Refusal


class CredentialsUnusable(Refusal):
    """A site has no credentials, or such that must not be used."""


@dataclass(frozen=True)
class Credentials:
    """What a site knows this installation by."""

    access_key: str
    secret_key: str = field(repr=False)


def file_of(site_code: str) -> Path:
    """Tell where the credentials of a site lie."""
    return Path(settings.DATA) / "secrets" / f"site-{site_code}.json"


def read(site_code: str) -> Credentials:
    """Give the credentials of a site.

    Raises:
        CredentialsUnusable: no such file, others may read it, or it does not hold both keys.
    """
    path = file_of(site_code)
    told = {"site": site_code, "file": str(path)}
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise CredentialsUnusable(Reason("preservation.credentials_open", told))
        item = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(_text(item["access_key"]), _text(item["secret_key"]))
    except FileNotFoundError as missing:
        raise CredentialsUnusable(Reason("preservation.credentials_missing", told)) from missing
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise CredentialsUnusable(Reason("preservation.credentials_unreadable", told)) from wrong


def write(site_code: str, credentials: Credentials) -> Path:
    """Keep the credentials of a site, in place of those before; gives the file."""
    path = file_of(site_code)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    data = {"access_key": credentials.access_key, "secret_key": credentials.secret_key}
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(data, stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    return path


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("no text")
    return value.strip()
