"""Read the environment and the data folder: settings, secrets, database addresses, sites."""

import json
import os
import secrets as random
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from zhudang.shared.secret_files import made_once

REPOSITORY = Path(__file__).resolve().parents[3]


class MissingSetting(SystemExit):
    """A setting without a safe default is absent: the start stops with its name and an example."""


def text(name: str, *, default: str | None = None, example: str = "") -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise MissingSetting(f"缺少设置 {name}。示例 / missing setting, for example: {name}={example}")
    return value


def flag(name: str, *, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").strip().lower() in {"1", "true", "yes", "on"}


def number(name: str, *, default: int) -> int:
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise MissingSetting(f"设置 {name} 应为整数 / must be a whole number, for example: {name}={default}") from None


def words(name: str, *, default: list[str]) -> list[str]:
    value = os.environ.get(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else default


def data_folder() -> Path:
    """Where everything of this installation lives; `var/` of the checkout unless ZHUDANG_DATA says otherwise."""
    folder = Path(os.environ.get("ZHUDANG_DATA") or REPOSITORY / "var").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def secret(name: str) -> str:
    """A secret of this installation, made at first use in the data folder, readable by its owner only."""
    made = made_once(data_folder() / "secrets" / name, lambda: random.token_urlsafe(48).encode())
    return made.decode().strip()


def archive_name(data: Path) -> str:
    """The archive's name as pages and documents carry it: ZHUDANG_ARCHIVE_NAME, or what `zhudang init` was told."""
    note = data / "archive-name"
    return os.environ.get("ZHUDANG_ARCHIVE_NAME") or (note.read_text(encoding="utf-8").strip() if note.exists() else "")


def sites(data: Path, *, like: Path | None = None) -> list[dict[str, Any]]:
    """Preservation sites: ZHUDANG_SITES names a JSON file, otherwise two folders inside the data folder.

    Args:
        like: a file of sites to use where the setting names none. A relative path in a file is below the data folder.
    """
    named = os.environ.get("ZHUDANG_SITES") or like
    if named:
        told = json.loads(Path(named).read_text(encoding="utf-8"))
        return [{**item, "path": str(data / item["path"])} if item.get("path") else item for item in told]
    return [
        {"code": "a", "name": "甲库（本机文件夹）", "path": str(data / "sites" / "a")},
        {"code": "b", "name": "乙库（本机文件夹）", "path": str(data / "sites" / "b")},
    ]


def emergency() -> dict[str, str]:
    """What `zhudang emergency-serve` tells its own processes: the folder of the copy, and where looks are written down."""
    return dict(json.loads(os.environ.get("ZHUDANG_EMERGENCY") or "{}"))


def _from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or options.pop("port", "") or ""),
    }


def databases(data: Path) -> dict[str, dict[str, Any]]:
    """`default` is the application role, `owner` migrates, `reader` only reads.

    DATABASE_URL (and DATABASE_OWNER_URL, DATABASE_READER_URL) name an outside PostgreSQL; otherwise the
    supervisor's own server has left its address in `run/database.json`.
    """
    if url := os.environ.get("DATABASE_URL"):
        default = _from_url(url)
        owner = _from_url(os.environ.get("DATABASE_OWNER_URL", url))
        reader = _from_url(os.environ.get("DATABASE_READER_URL", url))
    else:
        note = data / "run" / "database.json"
        place = json.loads(note.read_text()) if note.exists() else {"host": str(data / "run"), "port": "5432"}
        base = {"NAME": "zhudang", "HOST": place["host"], "PORT": place["port"]}
        default, owner, reader = (
            {**base, "USER": f"zhudang_{role}", "PASSWORD": secret(f"database_{role}")}
            for role in ("app", "owner", "reader")
        )
    engine = {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
    pool = {"pool": {"min_size": 1, "max_size": number("ZHUDANG_POOL", default=12), "timeout": 10}}
    return {
        "default": {**engine, **default, "OPTIONS": {**pool, "application_name": "zhudang"}},
        "owner": {**engine, **owner, "OPTIONS": {"application_name": "zhudang-owner"}, "TEST": {"MIRROR": "default"}},
        "reader": {
            **engine,
            **reader,
            "OPTIONS": {"application_name": "zhudang-reader"},
            "TEST": {"MIRROR": "default"},
        },
    }
