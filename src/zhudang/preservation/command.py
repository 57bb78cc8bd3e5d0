"""What `zhudang verify | call-in | rebuild | backup | restore | export` do and say; each gives an exit code.

0 all is well · 1 something is wrong and told · 2 refused, nothing changed · 3 could not be done completely.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from rich.console import Console

from zhudang.audit import operations as audit
from zhudang.preservation import backup as backups
from zhudang.preservation import catching_up, outcomes, reading, rebuilding, refilling, unlogged, words
from zhudang.preservation.giving import operations as giving
from zhudang.preservation.models import Reading
from zhudang.preservation.sites import another_there, places
from zhudang.shared.both_languages import in_both
from zhudang.shared.refusals import NotFound, Reason, Refusal
from zhudang.shared.web.refusal import print_refusal
from zhudang.shared.web.wording import as_one_line, write_size

OK, WRONG, REFUSED, INCOMPLETE = 0, 1, 2, 3
_EVERY_SECONDS = 0.5
_MOST_ROWS_TOLD = 20


class _Line:
    """One line of progress on a terminal, rewritten; nothing where the output is a file."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last = 0.0

    def show(self, text: str) -> None:
        if self.console.is_terminal and time.monotonic() - self.last > _EVERY_SECONDS:
            self.last = time.monotonic()
            self.console.print(f"\r{text}", end="", soft_wrap=True)

    def clear(self) -> None:
        if self.console.is_terminal:
            self.console.print("\r" + " " * 78 + "\r", end="")


def verify(*, repair: bool = False, json_path: Path | None = None, new_disk: str = "", registers: bool = False) -> int:
    """Read every copy at every site whole and tell what is not as written; with `repair` mend from a sound copy.

    Args:
        new_disk: code of a site whose disk was lost and replaced by an empty one; needs `repair`.
        registers: also lay every kept project's rows beside those in the store and tell changes no act accounts for.
    """
    console, summary = Console(markup=False), outcomes.Summary()
    if new_disk:
        try:
            refilling.begin_anew(new_disk, now=timezone.now())
        except refilling.CannotRefill as refusal:
            return _refused(refusal)
    for place in places():
        if place.carries:
            console.print(in_both(partial(words.sentence, another_there(place))), highlight=False, soft_wrap=True)
    line = _Line(console)
    started = timezone.now()
    row = Reading.objects.create(asked_by="zhudang verify", started_at=started)
    began = time.monotonic()
    unreachable = Counter[str]()
    for outcome in reading.read_all(repair=repair, now=timezone.now):
        summary.add(outcome)
        line.show(f"{summary.copies} 份副本 copies · {summary.files} 个文件 files · {write_size(summary.bytes)}")
        if outcome.state == outcomes.UNREACHABLE and not outcome.damages:
            unreachable[outcome.site] += 1
        elif outcome.state != "verified":
            line.clear()
            _tell_outcome(console, outcome)
    line.clear()
    for code, copies in unreachable.items():
        console.print(
            f"{_state(outcomes.UNREACHABLE)}  {code}  {copies} 份副本 copies", highlight=False, soft_wrap=True
        )
    reading.close(row, summary)
    if apart := reading.copies_apart():
        console.print(
            f"另有 {apart} 份副本在离线盘、带上，调回时再读 / {apart} copies on removable sets are read when called in",
            highlight=False,
        )
    seconds = max(time.monotonic() - began, 0.001)
    console.print(
        f"读回 {summary.copies} 份副本、{summary.files} 个文件、{write_size(summary.bytes)}，用时 {seconds:.1f} 秒；"
        f"一致 {summary.sound}，修复 {summary.repaired}，有问题 {summary.wrong_count}\n"
        f"read {summary.copies} copies, {summary.files} files, {write_size(summary.bytes)} in {seconds:.1f} s; "
        f"sound {summary.sound}, repaired {summary.repaired}, wrong {summary.wrong_count}",
        highlight=False,
    )
    if json_path:
        json_path.write_text(json.dumps(asdict(summary), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if any(each["state"] == outcomes.UNREACHABLE for each in summary.wrong):
        return INCOMPLETE
    strange = _look_at_registers(console) if registers else 0
    return WRONG if summary.wrong_count or strange else OK


def _look_at_registers(console: Console) -> int:
    """Tell projects whose rows changed without an act; how many rows."""
    count = 0
    for title, rows in unlogged.look_at_all():
        count += len(rows)
        console.print(
            f"目录有变、日志无据 changed without an act  {title}  {unlogged.tables_told(rows)}",
            highlight=False,
            soft_wrap=True,
        )
        for row in rows[:_MOST_ROWS_TOLD]:
            console.print(f"    {row.table} {row.key} {' '.join(row.columns)}", highlight=False, soft_wrap=True)
    console.print(f"对过目录，{count} 行日志无据 / registers compared, {count} rows without an act", highlight=False)
    return count


def _state(state: str) -> str:
    word = in_both(lambda: words.OUTCOMES.get(state, state), " / ")
    return f"{word} ({state})"


def _tell_outcome(console: Console, outcome: outcomes.Outcome) -> None:
    console.print(
        f"{_state(outcome.state)}  {outcome.site}  {as_one_line(outcome.object)}  {as_one_line(outcome.title)}",
        highlight=False,
        soft_wrap=True,
    )
    for damage in outcome.damages:
        console.print(
            f"    {damage['code']} {as_one_line(damage['path'])}  expected {outcomes.shortened(damage['expected'])} "
            f"found {outcomes.shortened(damage['found'])}",
            highlight=False,
            soft_wrap=True,
        )


def call_in(site: str) -> int:
    """Catch a place up with what it lacks, then read everything there whole; run again, it goes on where it stopped."""
    console = Console(markup=False)
    line = _Line(console)
    began = time.monotonic()
    try:
        row = catching_up.begin_for_command(site)
        done = catching_up.catch_up(row, told=lambda number, note: line.show(f"{number} · {note[:50]}"))
    except NotFound:
        return _refused(Refusal(Reason("preservation.no_such_site", {"site": site})))
    except catching_up.CannotCatchUp as refusal:
        line.clear()
        return _refused(refusal)
    line.clear()
    row.refresh_from_db()
    seconds = max(time.monotonic() - began, 0.001)
    console.print(
        f"补写 {done.copied} 份副本，每份写完都读回核对；另读回原有的 {done.read} 份；共读回 {write_size(done.bytes)}，"
        f"有问题 {done.wrong}，用时 {seconds:.1f} 秒；{'补齐，全部一致' if row.complete else '没有补齐'}\n"
        f"caught up {done.copied} copies, each read back whole, and read the {done.read} that lay there before: "
        f"{write_size(done.bytes)} read in all, wrong {done.wrong}, in {seconds:.1f} s; "
        f"{'complete' if row.complete else 'not complete'}",
        highlight=False,
    )
    if done.not_taken is not None:
        console.print(in_both(partial(words.sentence, done.not_taken)), highlight=False, soft_wrap=True)
    return OK if row.complete else WRONG if done.wrong else INCOMPLETE


def rebuild(site: str) -> int:
    """Bring the transferred catalogue back from one site into an empty database."""
    console = Console(markup=False)
    line = _Line(console)
    began = time.monotonic()
    try:
        done = rebuilding.rebuild(site, now=timezone.now(), told=lambda what, number: line.show(f"{what} {number}"))
    except rebuilding.CannotRebuild as refusal:
        return _refused(refusal)
    line.clear()
    seconds = time.monotonic() - began
    console.print(
        f"重建完成：项目 {done.projects}，对象 {done.objects}，行 {sum(done.rows.values())}，文件 {done.files}"
        f"（{write_size(done.bytes)}），用时 {seconds:.1f} 秒。副本都标为“未核验”，请接着运行 zhudang verify。\n"
        f"rebuilt {done.projects} projects, {done.objects} objects, {sum(done.rows.values())} rows, {done.files} files in "
        f"{seconds:.1f} s. Copies count as unread until `zhudang verify` has read them.",
        highlight=False,
    )
    if done.carried:
        console.print(in_both(partial(words.sentence, done.carried)), highlight=False, soft_wrap=True)
    for folder in done.witnesses:
        console.print(
            f"原日志的见证移到 the lost log's witness was set aside: {folder}", highlight=False, soft_wrap=True
        )
    if not done.registers:
        console.print(
            "这一处没有馆级登记（帐号角色、副本安排、移交保管等），另一处或备份里才有\n"
            "the archive's own registers (roles, placements, custody, …) are not at this place: another, or a backup, has them",
            highlight=False,
        )
    for link in done.cut_links:
        console.print(f"断开的关联 link cut: {link}", highlight=False)
    for object_id in done.without_project:
        console.print(
            f"没有重建：这里没有它的项目目录 left out, its project's catalogue is not here: {object_id}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    for left_out in done.left_out:
        console.print(
            f"没有重建：读不出或不可信 left out, cannot be read or trusted: {as_one_line(left_out)}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    for sha256 in done.lacking:
        console.print(f"没有找到内容 bytes not found: sha256 {sha256}", highlight=False)
    return INCOMPLETE if done.lacking or done.without_project or done.left_out else OK


def backup(target: Path, *, plain: bool = False) -> int:
    """Write a backup of the database, the secrets and what is not yet preserved; encrypted once there are keys."""
    console = Console(markup=False)
    now = timezone.now()
    try:
        result = backups.back_up(
            target, now=timezone.localtime(now), plain=plain, told=lambda what: console.print(f"… {what}")
        )
    except backups.CannotBackUp as refusal:
        return _refused(refusal)
    except OSError as problem:
        console.print(
            f"没有备份，写了一半的已经去掉：{problem}\nnot backed up, and what was written is taken away: {problem}",
            highlight=False,
        )
        return WRONG
    with transaction.atomic():
        audit.record(
            actor="system", act="preservation.backup.made", subject="preservation.backup:all", at=now,
            data={
                "files": result.files, "bytes": result.bytes, "lacking": len(result.lacking), "encrypted": result.encrypted,
            },
        )  # fmt: skip
    zh, en = (
        ("已加密，凭工作密钥或份额可开", "Encrypted: the working key or the custodians' shares open it")
        if result.encrypted
        else ("未加密，含密钥：请锁好", "Not encrypted, holds secrets: keep it under lock")
    )
    console.print(
        f"备份完成：{result.files} 个文件，{write_size(result.bytes)}，{target}。{zh}。\n"
        f"backed up {result.files} files, {write_size(result.bytes)}. {en}.",
        highlight=False,
    )
    return _tell_lacking(console, result)


def restore(source: Path) -> int:
    """Bring a backup back into an empty installation."""
    console = Console(markup=False)
    try:
        result = backups.restore(source, told=lambda what: console.print(f"… {what}"))
    except (backups.CannotRestore, backups.CannotBackUp) as refusal:
        return _refused(refusal)
    console.print(
        "恢复完成。请重新启动 zhudang serve，再运行 zhudang verify 与 zhudang audit verify。\n"
        "restored. Restart `zhudang serve`, then run `zhudang verify` and `zhudang audit verify`.",
        highlight=False,
    )
    return _tell_lacking(console, result)


def export(project: str, volumes: tuple[str, ...], form: str, target: Path, level: int) -> int:
    """Give preserved volumes away as an exchange package."""
    now = timezone.now()
    try:
        given = giving.give(
            project_code=project, reference_codes=volumes, form=giving.Form(form), target=target, level=level, now=now
        )
    except giving.CannotGive as refusal:
        return _refused(refusal)
    Console(markup=False).print(
        f"已写出 {given.volumes} 卷、{given.files} 个文件、{write_size(given.bytes)}：{given.target}\n"
        f"wrote {given.volumes} volumes, {given.files} files, {write_size(given.bytes)}: {given.target}",
        highlight=False,
        soft_wrap=True,
    )
    return OK


def _tell_lacking(console: Console, result: backups.Result) -> int:
    for sha256 in result.lacking:
        console.print(f"没有找到内容 bytes not found: sha256 {sha256}", highlight=False)
    return INCOMPLETE if result.lacking else OK


def _refused(refusal: Refusal) -> int:
    print_refusal(refusal)
    return REFUSED
