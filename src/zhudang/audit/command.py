"""What `zhudang audit verify` says, in Chinese and English."""

from datetime import datetime
from functools import partial

from django.utils import timezone
from rich.console import Console

from zhudang.audit import words
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
    if verdict.tail_waits:
        out.print(
            "待封的条目已等了很久：没有后台在封日志，请看 `zhudang doctor`\n"
            "They have waited long: no worker seals the log, see `zhudang doctor`"
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
