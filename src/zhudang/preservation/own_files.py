"""The store's own files (declaration, layout, text at its top) and the files of the keys there: held against what was written, told, mended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from django.utils import timezone

from zhudang.preservation import alarm, far_copies
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.keys import fixity, keyring
from zhudang.preservation.keys.wrapping import had_keys
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl import quarantine
from zhudang.preservation.ocfl.root import StorageRoot, known_texts
from zhudang.preservation.ocfl.verifier import CHANGED, MISSING, UNREADABLE, Damage
from zhudang.preservation.outcomes import REPAIRED, Outcome
from zhudang.preservation.sites import Place, still_there

_KEYS_FOLDER = "var/keys"


def look_at_all(
    all_places: Sequence[Place], *, repair: bool, now: datetime, equipping: bool = False
) -> Iterator[Outcome]:
    """Look at the files of the keys here, then at the own files of every place within reach; gives only what was wrong."""
    yield from _look_here(all_places, repair=repair, now=now)
    for place in all_places:
        yield from look_at(place, repair=repair, now=now, equipping=equipping)


def look_at(place: Place, *, repair: bool, now: datetime, equipping: bool = False) -> Iterator[Outcome]:
    """Hold a place's own files against what was written; where asked, write them anew and keep what was there aside.

    Files of the keys as they were before a rotation are no damage, and brought up to date where asked.

    Args:
        equipping: a folder that never was given files of the keys gets its first ones: that these are not there is no damage.
    """
    site = Site.objects.get(pk=place.site_id)
    if not place.there or (place.bucket is not None and site.prepared_at is None):
        return
    wrong: list[Damage] = []
    try:
        new = not site.key_files and (place.bucket is not None or (equipping and not had_keys(place.path / "store")))
        wrong = _wrong(place, keys=not new)
        left = list(wrong)
        if repair:
            _write(place, wrong, now)
            left = _wrong(place, keys=not new) if wrong else []
    except (BucketUnreachable, BucketFull):
        return  # its copies will tell
    except OSError:
        if place.root is None or not wrong or not still_there(place):
            return
        left = wrong  # it takes no writing
    if wrong:
        mended = repair and not left
        alarm.tell(f"preservation.site:{place.site_id}", place.code, place.name, wrong, now, mended=mended)
        yield _outcome(place.code, "store", place.name, wrong, mended)


def _look_here(all_places: Sequence[Place], *, repair: bool, now: datetime) -> Iterator[Outcome]:
    wrong = keyring.wrong_here()
    if not wrong:
        return
    if repair:
        keyring.mend_here([_reader(place) for place in all_places if place.there])
    mended = repair and not keyring.wrong_here()
    alarm.tell(alarm.HOME, fixity.KEYS, _KEYS_FOLDER, wrong, now, mended=mended)
    yield _outcome(fixity.KEYS, fixity.KEYS, _KEYS_FOLDER, wrong, mended)


def _outcome(code: str, thing: str, title: str, wrong: Sequence[Damage], mended: bool) -> Outcome:
    state = REPAIRED if mended else CopyState.DAMAGED.value
    return Outcome(code, thing, title, state, damages=tuple(asdict(each) for each in wrong))


def _wrong(place: Place, *, keys: bool) -> list[Damage]:
    root = place.bucket or place.root
    assert root is not None
    return [*_other_than(root.own_files(), _reader(place)), *(keyring.wrong_at(_reader(place)) if keys else ())]


def _reader(place: Place) -> fixity.Read:
    if place.bucket is not None:
        return place.bucket.read
    assert place.root is not None
    return fixity.reader_of(place.root.folder)


def _other_than(wanted: Mapping[str, bytes], read: fixity.Read) -> Iterator[Damage]:
    """Tell which of a store's own files hold something else; an older version's text is ours too."""
    for path, data in sorted(wanted.items()):
        expected = hashlib.sha512(data).hexdigest()
        try:
            found = read(path)
        except OSError:
            yield Damage(UNREADABLE, path, expected)
            continue
        if found is None:
            yield Damage(MISSING, path, expected)
        elif found != data and not (path == "README.txt" and hashlib.sha256(found).hexdigest() in known_texts()):
            yield Damage(CHANGED, path, expected, hashlib.sha512(found).hexdigest())


def _write(place: Place, wrong: Sequence[Damage], now: datetime) -> None:
    if place.bucket is not None:
        if wrong:
            if not far_copies.keeps_versions(place.bucket):
                place.bucket.set_own_aside([each.path for each in wrong], now)
            far_copies.make_ready(place, place.bucket, timezone.now())
        return
    assert place.root is not None
    if wrong:
        with place.root.only_writer():
            for path in (each.path for each in wrong if each.path in place.root.own_files()):
                quarantine.set_file_aside(place.root.place, place.root.folder, path, now)
            StorageRoot.create(place.path)
    keyring.equip([place.root])
