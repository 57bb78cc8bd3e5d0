"""What `zhudang audit verify` says, in Chinese and English."""

import json
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.utils import timezone
from rich.console import Console

from zhudang.audit import proof_files, words
from zhudang.audit.domain.judging import LogFinding
from zhudang.audit.sealing import seal_everything
from zhudang.audit.testimony import WitnessReport
from zhudang.audit.verification import verify as verify_log
from zhudang.shared.both_languages import in_both, in_each


def verify() -> int:
    """Verify the whole log and print every number that is not as it was; gives the exit status, 0 or 1."""
    out = Console(highlight=False, soft_wrap=True)
    seal_everything(timezone.now())
    verdict = verify_log(timezone.now())
    out.print(
        f"日志 {verdict.sealed} 条已封，末号 {verdict.last_number}，链头 {verdict.head}\n"
        f"log: {verdict.sealed} entries sealed, the last is {verdict.last_number}, head of the chain {verdict.head}"
    )
    out.print(f"树根 {verdict.tree_heads} 个已签，逐个重算 / {verdict.tree_heads} signed roots, each computed again")
    out.print(f"待封 {verdict.unsealed} 条 / {verdict.unsealed} entries wait for the seal")
    if verdict.back_in_time:
        numbers = ", ".join(map(str, verdict.back_in_time[:10]))
        out.print(
            f"这些条目写的时间比前一条早一天以上（时钟拨回过，或日期是人写的）：{numbers}\n"
            f"These say a moment more than a day before the entry in front (a clock set back, or a date by hand): {numbers}"
        )
    for report in verdict.witnesses:
        _tell_witness(out, report)
    if not verdict.witnesses:
        out.print(
            "没有任何见证文件：能发现改动，但发现不了整链重算\n"
            "There is no witness file: a change is found, a chain computed anew as a whole is not"
        )
    for finding in verdict.findings:
        out.print(f"  {in_both(partial(_told, finding), ' / ')}")
    number = len(verdict.findings)
    out.print(
        "日志完好 / the log is sound" if verdict.is_sound else f"日志不完好：{number} 处 / not sound: {number} found"
    )
    return 0 if verdict.is_sound else 1


def proof(path: Path, *, key: str = "") -> int | None:
    """Check a file of proof taken from the log's pages; gives the exit status, None where it is no such file.

    Args:
        key: the archive's public log key (hex); without it the proof is only consistent in itself, and that is said.
    """
    checked = proof_files.check(_json(path))
    if checked is None:
        return None
    out = Console(highlight=False, soft_wrap=True)
    if checked.number:
        out.print(f"日志第 {checked.number} 条 / entry {checked.number} of the log")
    else:
        out.print(f"{checked.heads} 个树根 / {checked.heads} signed roots")
    for each in checked.keys:
        out.print(f"公钥 key  {each}")
    if not checked.holds:
        out.print(
            "证明不成立：条目、路径、树根、签名没有接上\nThe proof does not hold: entry, path, root and signature do not join"
        )
        return 1
    if key and {key.strip().lower()} != set(checked.keys):
        out.print("证明自成一体，但签名的不是所给的公钥\nConsistent in itself, but not signed with the key given")
        return 1
    out.print("证明成立 / the proof holds" if key else words.KEY_NOT_GIVEN)
    return 0


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _told(finding: LogFinding) -> str:
    return words.finding(finding, words.witnesses_called())


def _name(folder: str) -> str:
    """A witness as people call it, with its folder: in the language in force."""
    name = words.witnesses_called().get(folder)
    return f"{name} ({folder})" if name else folder


def _tell_witness(out: Console, report: WitnessReport) -> None:
    lost, lost_en = "", ""
    if report.lost_by_restore:
        lost = f"，因恢复备份而失去 {report.lost_by_restore} 条"
        lost_en = f", {report.lost_by_restore} entries lost when a backup was restored"
    name, name_en = in_each(partial(_name, report.folder))
    out.print(
        f"见证 {name}：{report.heads} 个链头，到第 {report.last_number} 条，{report.tree_heads} 个已签树根{lost}\n"
        f"witness {name_en}: {report.heads} heads up to number {report.last_number}, "
        f"{report.tree_heads} signed roots{lost_en}"
    )
    for refill in report.refilled:
        since = f"{timezone.localtime(datetime.fromisoformat(refill.since)):%Y-%m-%d %H:%M:%S}"
        out.print(
            f"  第 {refill.first} 到 {refill.last} 条是 {since} 从数据库补写的，自那时起才作证\n"
            f"  numbers {refill.first} to {refill.last} were filled in from the database at {since}: "
            "it bears witness since then only"
        )
