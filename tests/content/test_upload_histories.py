"""Whatever happens to an upload, in whatever order: the counted bytes are always the first bytes of the file."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from content_support import Site
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from zhudang.content import queries, store, sweeping, taking, uploads
from zhudang.content.domain import tus
from zhudang.content.models import File, Upload

pytestmark = pytest.mark.django_db


class Line:
    """A connection that gives the bytes in pieces and may break."""

    def __init__(self, data: bytes, breaks_after: int) -> None:
        self._left = data[:breaks_after]

    def read(self, size: int, /) -> bytes:
        piece, self._left = self._left[: min(size, 7)], self._left[min(size, 7) :]
        return piece


def histories(site: Site) -> type[RuleBasedStateMachine]:
    class UploadHistory(RuleBasedStateMachine):
        @initialize(data=some.binary(min_size=1, max_size=60))
        def create(self, data: bytes) -> None:
            told = {"filename": "a.bin", "project": str(site.place.project_id)}
            self.data = data
            self.id = uploads.create(actor=site.clerk, length=len(data), metadata=told, now=timezone.now()).id

        def row(self) -> Upload:
            return Upload.objects.get(id=self.id)

        def send(self, offset: int, body: bytes, breaks_after: int, checksum: tus.Checksum | None = None) -> Any:
            return uploads.append(
                actor=site.clerk,
                upload_id=self.id,
                offset=offset,
                body=Line(body, breaks_after),
                body_bytes=len(body),
                checksum=checksum,
                now=timezone.now(),
            )

        @rule(size=some.integers(1, 60), breaks_after=some.integers(0, 60), checked=some.booleans())
        def the_next_bytes_come_and_the_line_may_break(self, size: int, breaks_after: int, checked: bool) -> None:
            before = self.row().offset
            body = self.data[before : before + size]
            checksum = tus.Checksum("sha256", hashlib.sha256(body).digest()) if checked else None
            try:
                after = self.send(before, body, breaks_after, checksum).offset
            except taking.ChecksumDiffers:
                assert checked and breaks_after < len(body)
                after = before
            if checked:
                assert after in {before, before + len(body)}
            else:
                assert after == before + min(len(body), breaks_after)

        @rule(size=some.integers(1, 30))
        def changed_bytes_under_a_checksum_do_not_count(self, size: int) -> None:
            before = self.row().offset
            body = self.data[before : before + size]
            if body:
                with pytest.raises(taking.ChecksumDiffers):
                    self.send(before, body, len(body), tus.Checksum("sha1", b"\0" * 20))
                assert self.row().offset == before

        @rule(wrong=some.integers(1, 5))
        def bytes_for_another_place_are_refused(self, wrong: int) -> None:
            with pytest.raises(uploads.WrongOffset):
                self.send(self.row().offset + wrong, b"x", 1)

        @precondition(lambda self: self.row().state == "receiving")
        @rule(rubbish=some.binary(min_size=1, max_size=20))
        def a_killed_writer_leaves_uncounted_bytes(self, rubbish: bytes) -> None:
            with store.upload_path(self.id).open("ab") as partial:
                partial.write(rubbish)

        @precondition(lambda self: self.row().state == "receiving")
        @rule(lost=some.integers(1, 10))
        def a_crash_of_the_machine_takes_bytes_back(self, lost: int) -> None:
            path = store.upload_path(self.id)
            kept = max(self.row().offset - lost, 0)
            path.write_bytes(path.read_bytes()[:kept])
            assert uploads.progress(actor=site.clerk, upload_id=self.id).offset == kept

        @rule()
        def a_sweep_comes_by(self) -> None:
            sweeping.sweep(now=timezone.now(), whole_store=True)

        @invariant()
        def counted_bytes_are_the_first_bytes_of_the_file(self) -> None:
            if not hasattr(self, "id"):
                return
            row = self.row()
            if row.state == "receiving":
                assert row.offset < row.length
                assert store.upload_path(self.id).read_bytes()[: row.offset] == self.data[: row.offset]
            else:
                assert row.state == "done"
                assert queries.stored_file(row.file_id).path.read_bytes() == self.data  # type: ignore[arg-type]
                assert File.objects.filter(id=row.file_id).count() == 1

    return UploadHistory


def test_every_history_of_an_upload_keeps_its_promise(site: Site) -> None:
    run_state_machine_as_test(
        histories(site),
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
