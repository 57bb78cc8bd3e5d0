"""The sentences of the log."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from zhudang.audit import witness
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
    Fault.HEAD: _("封到第 %(number)s 条的那一次，起号或封存时间与这处见证写的不同"),
    Fault.STRANGE_KEY: _("到第 %(number)s 条的树根是用不认得的钥匙签的"),
    Fault.SEARCH: _("到第 %(number)s 条为止的一段，检索所凭的字词缺了或不符，日志页按词可能找不到它们"),
}
UNNUMBERED = {
    Fault.INSERTED: _("条目 %(entry)s 绕过系统写入，不在链上，也不在待封名单里"),
    Fault.REMOVED: _("待封条目 %(entry)s 不见了"),
    Fault.CHAIN: _("链头不对"),
    Fault.HELD: _("有条目等了很久还封不上：有人占着封存的锁，或封存出了错；等着的条目被删掉不会留痕"),
    Fault.RESTORED: _("见证里有一行说日志恢复到空，日志里没有这次恢复"),
}
WITNESSED = {
    Fault.CHANGED: _("第 %(number)s 条与这处见证写的不同"),
    Fault.REMOVED: _("这处见证写有第 %(number)s 条，日志里没有"),
    Fault.INSERTED: _("日志里有第 %(number)s 条，这处见证没有"),
    Fault.REORDERED: _("第 %(number)s 条的位置与这处见证写的不同"),
    Fault.CHAIN: _("到第 %(number)s 条的链值与这处见证写的不同"),
    Fault.TREE: _("到第 %(number)s 条的树根与这处见证收到的不同"),
}
"""What a witness tells: that log and witness differ, whichever of the two was changed."""


UNREAD = {
    "since": _("“%(given)s”不是日期（如 2026-06-17），没有按起始日筛选"),
    "until": _("“%(given)s”不是日期（如 2026-06-17），没有按截止日筛选"),
    "number": _("“%(given)s”不是编号，没有按编号筛选"),
}
KEY_NOT_GIVEN = (
    "证明自成一体；公钥是不是本馆的，请与馆里公布的核对，或用 --key 给出\n"
    "Consistent in itself; whether the key is the archive's, compare with the published one, or give it by --key"
)
"""Said at the console of a proof that was checked without the archive's key."""


def witnesses_called() -> dict[str, str]:
    """What the witnesses in folders are called, by their folders; those elsewhere bear their names already."""
    return {str(witness.main_folder()): str(_("数据文件夹")), **witness.sites_of_folders()}


def finding(found: LogFinding, called: Mapping[str, str] | None = None) -> str:
    """One fault in words, with the witness that told it.

    Args:
        called: what witnesses are called, by their folders.
    """
    text = FAULTS[found.fault] if found.number else UNNUMBERED[found.fault]
    if found.witness and found.number:
        text = WITNESSED.get(found.fault, text)
    told = str(text) % {"number": found.number, "last": found.last, "entry": found.entry_id}
    return f"{told} · {(called or {}).get(found.witness, found.witness)}" if found.witness else told
