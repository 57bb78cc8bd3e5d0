"""Backup and restore of what the store does not hold: the database, the secrets, and bytes not yet preserved.

    <target>/manifest.json     what this is, when, of what, and the SHA-256 of every file in it
    <target>/SHA256SUMS        the same digests for `sha256sum -c`
    <target>/database.dump     pg_dump, custom format
    <target>/secrets/          keys and secrets of the installation (mode 0600): keep the whole backup under lock
    <target>/settings.json     the settings in force, without passwords
    <target>/content/          received bytes that no store holds yet, and uploads under way
    <target>/witness/          heads of the log, as the witnesses keep them

Once there are keys of the holdings it is encrypted: every file but the first two ends in `.age` (or `.p7m`), sealed for a key of its own, whose
small file lies beside (`key-backup.age`, `keys.json`) and opens with the working key or the custodians' shares.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from zhudang.audit import witness, witness_lines
from zhudang.audit.models import Head
from zhudang.content import conf as content_conf
from zhudang.content import holdings as content_holdings
from zhudang.filing.queries.kept import preserved_blobs
from zhudang.preservation import postgresql
from zhudang.preservation.backup_files import BackupFiles, files_below
from zhudang.preservation.keys import classes, keyring, wrapping
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl import durable, streaming
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import CannotOpen, Identities
from zhudang.preservation.rebuilding import brought_from
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Reason, Refusal

FORMAT = "zhudang-backup/1"
KEY = "backup"
"""The backups' own key stands among those of the key classes."""
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
    encrypted: bool = False


def back_up(target: Path, *, now: datetime, plain: bool = False, told: Told | None = None) -> Result:
    """Write a backup into `target`, a folder that does not exist or is empty; it counts once its manifest is there.

    Args:
        plain: do not encrypt it, though there are keys.

    Raises:
        CannotBackUp: with every reason.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CannotBackUp(Reason("preservation.target_not_empty", {"path": str(target)}))
    files = BackupFiles(target, "" if plain else _recipient())
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _written(files, target, now, told or (lambda _: None))
    except BaseException:
        # Half a backup is none, and the next one wants an empty folder.
        for path in target.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        raise


def _written(files: BackupFiles, target: Path, now: datetime, say: Told) -> Result:
    say("database")
    _dump(files)
    say("secrets")
    files.put_folder("secrets", Path(settings.DATA) / "secrets")
    files.put_folder("witness", Path(settings.DATA) / "witness")
    files.put("settings.json", [_settings_text().encode()])
    say("content")
    lacking = _copy_unpreserved(files)
    if files.recipient:
        wrapping.give(target)
    digests = {path.relative_to(target).as_posix(): _sha256(path) for path in files_below(target)}
    _write_manifest(files, digests, lacking, now)
    size = sum((target / path).stat().st_size for path in digests)
    return Result(len(digests), size, lacking, bool(files.recipient))


def _recipient() -> str:
    """Tell for whom backups are encrypted; empty where there was no ceremony yet.

    Raises:
        CannotBackUp: there are keys and they do not open: a plain backup must be asked for.
    """
    roots = [place.root for place in places() if place.root is not None]
    try:
        return keyring.recipient_for(KEY, classes.current().backup_suite, roots)
    except KeysUnusable as refusal:
        raise CannotBackUp(*refusal.reasons) from refusal


def _dump(files: BackupFiles) -> None:
    """Take the dump in as it comes; its own complaints come with the refusal."""
    with postgresql.running("pg_dump", ["--format=custom", "--no-owner"], CannotBackUp) as tool:
        files.put("database.dump", streaming.chunks_of(tool.output))


def restore(source: Path, *, told: Told | None = None) -> Result:
    """Bring a backup back into an empty, migrated installation of the same or a newer version.

    One that was cut off is gone on with: a database that came back whole stays, the rest is brought once more.

    Raises:
        CannotRestore: with every reason, before anything is touched.
    """
    with _only_restore() as note:
        begun = note.read_text()
        manifest, digest, empty = _checked_manifest(source, begun)
        files = BackupFiles(source, str(manifest.get("key", "")), _identities(source, str(manifest.get("key", ""))))
        durable.replace_durably(note, digest.encode())
        say = told or (lambda _: None)
        if empty:
            say("database")
            _bring_database(files)
        result = _bring_rest(source, files, say)
        result.files = len(manifest["files"])
        note.unlink()
        return result


@contextmanager
def _only_restore() -> Iterator[Path]:
    """Be the only restore of this installation; gives the file that names the backup it began with, empty at first."""
    note, lock = (
        Path(settings.DATA) / "restoring",
        os.open(Path(settings.DATA) / ".restoring.lock", os.O_RDWR | os.O_CREAT),
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        note.touch(mode=0o600)
        yield note
    except BlockingIOError:
        raise CannotRestore(Reason("preservation.restore_under_way")) from None
    finally:
        os.close(lock)


def _bring_database(files: BackupFiles) -> None:
    # The new tables take the old ones' place in one transaction: an interrupted restore changes nothing.
    connections["default"].close()
    arguments = ["--clean", "--if-exists", "--no-owner", "--single-transaction", f"--dbname={_database()['NAME']}"]
    with (
        files.opened("database.dump") as dump,
        postgresql.running("pg_restore", arguments, CannotRestore, feed=True) as tool,
    ):
        tool.take(streaming.chunks_of(dump))


def _bring_rest(source: Path, files: BackupFiles, say: Told) -> Result:
    """Bring back what is no database: secrets, witness, bytes; each step may be done again."""
    say("secrets")
    for name in files.names("secrets"):
        if not Path(name).name.startswith(_OF_THIS_DATABASE):
            files.bring_file(f"secrets/{name}", Path(settings.DATA) / "secrets" / name)
    with tempfile.TemporaryDirectory(dir=settings.DATA) as kept:
        files.bring_folder("witness", Path(kept))
        _settle_witness(Path(kept), Path(settings.DATA) / "witness")
    # The witnesses at the sites may have seen more than the backup holds: they are told, and `audit verify` tells.
    witness.note_restore(at=timezone.now(), backup=source.name)
    say("content")
    result = Result(encrypted=bool(files.recipient))
    result.bytes = _bring_content(files)
    result.lacking = _bring_from_stores()
    return result


def _identities(source: Path, recipient: str) -> Identities:
    """Find what opens an encrypted backup: this installation's keys, or its working key and the backup's own key file.

    Raises:
        CannotRestore.
    """
    if not recipient:
        return Identities()
    register = wrapping.register_at(source)
    key = register.key_for(recipient) if register else None
    try:
        if key is None:
            raise CannotOpen("keys.json", "damaged")
        opener = Identities(wrapping.working_identities())
        return Identities([wrapping.open_key(key, opener, [wrapping.folder(), source])])
    except CannotOpen as problem:
        raise CannotRestore(
            Reason("preservation.backup_no_key", {"path": str(source), "file": problem.name})
        ) from problem


def _settle_witness(kept: Path, here: Path) -> None:
    """Keep the witness of this very log, which may have seen more; set one of another log aside and use the backup's.

    A new installation's first acts (making its administrators) are another log than the one that comes back.
    """
    if here.exists():
        known = dict(Head.objects.values_list("last", "chain"))
        newest = max(known, default=0)
        if all(seen.last > newest or known.get(seen.last) == seen.head for seen in witness_lines.read(here)):
            return
        here.rename(here.with_name(f"witness-of-another-log-{timezone.now():%Y%m%dT%H%M%S}"))
    _copy_folder(kept, here)


# ── the backup's parts ────────────────────────────────────────────────────────────────────────────────────────────


def _copy_unpreserved(files: BackupFiles) -> list[str]:
    """Copy stored bytes that no store holds and uploads under way; tell the digests whose bytes are not there.

    Called after the dump was taken: every row in the dump has its bytes here or in a store.
    """
    lacking = []
    preserved = preserved_blobs()
    blobs = content_holdings.expected_bytes().exclude(id__in=preserved)
    for sha256 in blobs.order_by("sha256").values_list("sha256", flat=True).iterator():
        source = content_holdings.stored_path(sha256)
        if source.exists():
            files.put_file(f"content/blobs/{sha256[:2]}/{sha256}", source)
        else:
            lacking.append(sha256)
    files.put_folder("content/uploads", content_conf.root() / "uploads")
    return lacking


def _settings_text() -> str:
    told = {name: value for name, value in sorted(os.environ.items()) if name.startswith("ZHUDANG_")}
    secret = ("PASSWORD", "SECRET", "KEY", "TOKEN")
    told = {name: "…" if any(word in name for word in secret) else value for name, value in told.items()}
    return json.dumps({"environment": told, "sites": settings.SITES}, ensure_ascii=False, indent=1) + "\n"


def _write_manifest(files: BackupFiles, digests: Mapping[str, str], lacking: list[str], now: datetime) -> None:
    target = files.folder
    sums = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    (target / "SHA256SUMS").write_text(sums, encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "made_at": now.isoformat(timespec="seconds"),
        "database": {"name": _database()["NAME"], "server": _server_version()},
        "encrypted": bool(files.recipient),
        "key": files.recipient,
        "lacking": lacking,
        "files": digests,
    }
    for path in files_below(target):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    durable.sync_folders(folder for folder in (target, *target.rglob("*")) if folder.is_dir())
    durable.replace_durably(
        target / "manifest.json", (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    )


def _checked_manifest(source: Path, begun: str) -> tuple[dict[str, Any], str, bool]:
    """Read a backup's manifest and compare every file with it; an installation that holds anything is refused.

    Args:
        begun: SHA-256 of the manifest of the backup whose restore was begun here and cut off; that one may go on.

    Returns:
        The manifest, its SHA-256, and whether the database is still empty.
    """
    reasons = []
    path = source / "manifest.json"
    if not path.is_file():
        raise CannotRestore(Reason("preservation.no_manifest", {"path": str(source)}))
    try:
        manifest: dict[str, Any] = dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError):
        raise CannotRestore(Reason("preservation.no_manifest", {"path": str(source)})) from None
    digest = _sha256(path)
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
    if (projects or files) and begun != digest:
        reasons.append(Reason("preservation.not_empty", {"projects": projects}))
    if reasons:
        raise CannotRestore(*reasons)
    return manifest, digest, not (projects or files)


def _bring_content(files: BackupFiles) -> int:
    """Put the backup's bytes back into the working store, digested on the way."""
    size = 0
    with content_holdings.Arrivals() as arrivals:
        for name in files.names("content/blobs"):
            with files.opened(f"content/blobs/{name}") as stream:
                arrivals.take(stream, Path(name).name)
            if arrivals.enough:
                size += sum(arrivals.settle().values())
        size += sum(arrivals.settle().values())
    files.bring_folder("content/uploads", content_conf.root() / "uploads")
    return size


def _bring_from_stores() -> list[str]:
    """Put preserved bytes back from the stores in reach; tell the digests that are nowhere."""
    rows = content_holdings.expected_bytes().values_list("sha256", "size")
    wanted = {sha256: size for sha256, size in rows.iterator() if content_holdings.lacks_bytes(sha256, size)}
    for place in places():
        if place.root is None or not wanted:
            continue
        for sha256 in brought_from(place.root, _keys(place.root), wanted):
            wanted.pop(sha256, None)
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


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _copy_folder(source: Path, target: Path) -> None:
    for path in files_below(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o600)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        for chunk in streaming.chunks_of(stream):
            digest.update(chunk)
    return digest.hexdigest()
