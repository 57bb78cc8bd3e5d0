"""The sentences of the log."""

from django.utils.translation import gettext_lazy as _

from zhudang.audit.domain.judging import Fault, LogFinding

FAULTS = {
    Fault.CHANGED: _("第 %(number)s 条被改动"),
    Fault.REMOVED: _("第 %(number)s 条被删除"),
    Fault.INSERTED: _("第 %(number)s 条是事后插入的"),
    Fault.REORDERED: _("第 %(number)s 条被换了位置"),
    Fault.CHAIN: _("第 %(number)s 条的链值不对"),
    Fault.TREE: _("到第 %(number)s 条为止的树与存下、签过的不符"),
    Fault.UNWITNESSED: _("见证缺行，从第 %(number)s 条起"),
    Fault.REFILLED: _("第 %(number)s 到 %(last)s 条没有一处见证是当时写下的，都是后来从数据库补写的"),
    Fault.RESTORED: _("见证里有一行说日志恢复到第 %(number)s 条，日志里没有这次恢复"),
}
UNNUMBERED = {
    Fault.INSERTED: _("条目 %(entry)s 绕过系统写入，不在链上，也不在待封名单里"),
    Fault.REMOVED: _("待封条目 %(entry)s 不见了"),
    Fault.CHAIN: _("链头不对"),
    Fault.RESTORED: _("见证里有一行说日志恢复到空，日志里没有这次恢复"),
}


def finding(found: LogFinding) -> str:
    """One fault in words, with the witness that told it."""
    text = FAULTS[found.fault] if found.number else UNNUMBERED[found.fault]
    told = str(text) % {"number": found.number, "last": found.last, "entry": found.entry_id}
    return f"{told} · {found.witness}" if found.witness else told
