"""What `zhudang audit …` does."""

from django.utils import timezone
from rich.console import Console

from zhudang.audit import words
from zhudang.audit.sealing import seal_everything
from zhudang.audit.verification import verify as verify_log


def verify() -> int:
    """Verify the whole log and print every number that is not as it was; gives the exit status, 0 or 1."""
    out = Console()
    seal_everything(timezone.now())
    verdict = verify_log(timezone.now())
    out.print(f"日志 {verdict.sealed} 条已封，末号 {verdict.last_number}，链头 {verdict.head}", highlight=False)
    out.print(f"树根 {verdict.tree_heads} 个已签，逐个重算", highlight=False)
    out.print(f"待封 {verdict.unsealed} 条", highlight=False)
    if verdict.tail_waits:
        out.print("待封的条目已等了很久：没有后台在封日志，请看 `zhudang doctor`")
    for report in verdict.witnesses:
        lost = f"，因恢复备份而失去 {report.lost_by_restore} 条" if report.lost_by_restore else ""
        out.print(
            f"见证 {report.folder}：{report.heads} 个链头，到第 {report.last_number} 条，{report.tree_heads} 个已签树根{lost}",
            highlight=False,
        )
        for refill in report.refilled:
            out.print(
                f"  第 {refill.first} 到 {refill.last} 条是 {refill.since} 从数据库补写的，自那时起才作证",
                highlight=False,
                soft_wrap=True,
            )
    if not verdict.witnesses:
        out.print("没有任何见证文件：能发现改动，但发现不了整链重算")
    for finding in verdict.findings:
        out.print(f"  {words.finding(finding)}", highlight=False)
    out.print("日志完好" if verdict.is_sound else f"日志不完好：{len(verdict.findings)} 处")
    return 0 if verdict.is_sound else 1
