"""`zhudang keys ceremony | rotate | recover | status`: what is asked and said at the console; each gives an exit code.

Shares go to the output and nothing else does, so that it may be a printer; questions and answers go the other way
(standard error), and people may be replaced by a script. Exit: 0 done, 1 not well, 2 refused and nothing changed.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from django.utils import timezone

from zhudang.identity import queries as identity
from zhudang.identity import signing_in
from zhudang.identity.rights import Actor
from zhudang.preservation import words
from zhudang.preservation.keys import ceremony as ceremonies
from zhudang.preservation.keys import classes, recovery
from zhudang.preservation.keys.ceremony import CannotHold, Ceremony
from zhudang.preservation.keys.register import Register
from zhudang.preservation.keys.standing import Standing, standing
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.shared.both_languages import in_both
from zhudang.shared.refusals import Reason, Refusal
from zhudang.shared.web.refusal import print_refusal

OK, WRONG, REFUSED = 0, 1, 2
_TRIES = 3
_WORDS_A_LINE = 3
_CLEAR = "\033[2J\033[3J\033[H"
_RULE = "-" * 72


class _Desk:
    """Whoever sits at the console, or the script that stands for them."""

    def __init__(self) -> None:
        self.is_screen = sys.stdout.isatty()

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def ask(self, text: str) -> str:
        """Ask for a line; the end of the input is an empty one."""
        print(text, file=sys.stderr, end=" ", flush=True)
        return sys.stdin.readline().strip()

    def ask_secret(self, text: str) -> str:
        return getpass.getpass(f"{text} ") if sys.stdin.isatty() else self.ask(text)

    def show_page(self, text: str) -> None:
        """Show a page of its own, once: a screen that is wiped afterwards, or a sheet of the printer."""
        print(f"{_CLEAR}{text}" if self.is_screen else text, flush=True)
        if self.is_screen:
            self.ask("抄写完毕、密封前请再对一遍。按回车清屏 / written down and compared? Enter wipes the screen")
            self.wipe()
        else:
            print("\f", end="", flush=True)

    def wipe(self) -> None:
        if self.is_screen:
            print(_CLEAR, end="", flush=True)


def ceremony(*, needed: int | None, holders: Sequence[str], username: str) -> int:
    """Make a recovery key, give each custodian their share, and let it count when each has typed it back."""
    desk, policy = _Desk(), classes.current()
    try:
        actor = _security_administrator(desk, username)
        named = list(holders) or _ask_holders(desk, policy.shares)
        under_way = ceremonies.begin(actor=actor, needed=needed or policy.needed, holders=named)
        for number, holder in enumerate(under_way.holders, 1):
            desk.ask(f"请保管人 {number}（{holder}）独自就位，按回车 / custodian {number} alone at the desk? Enter")
            desk.show_page(_page(under_way, number, holder))
            if not _typed_back(desk, under_way, number):
                raise CannotHold(Reason("preservation.keys_not_typed_back", {"share": number, "holder": holder}))
        register = ceremonies.finish(under_way, now=timezone.now())
    except Refusal as refusal:
        return _refused(refusal)
    desk.say(
        f"仪式完成：{register.recovery.needed}/{len(register.recovery.holders)}，恢复公钥 {register.recovery.recipient}\n"
        f"the ceremony counts; any {register.recovery.needed} of {len(register.recovery.holders)} shares give the recovery key."
    )
    return OK


def rotate(*, username: str) -> int:
    """Give the archive a new working key; finishes a rotation that was cut off."""
    desk = _Desk()
    try:
        register = recovery.rotate(actor=_security_administrator(desk, username), now=timezone.now())
    except Refusal as refusal:
        return _refused(refusal)
    _say_new_key(desk, register)
    return OK


def recover(*, trial: bool, source: Path | None = None) -> int:
    """Give the archive a new working key from shares; with `trial`, only show that they would."""
    if reasons := recovery.why_no_shares(trial=trial, source=source):
        return _refused(KeysUnusable(*reasons))
    desk = _Desk()
    texts = _ask_shares(desk)
    try:
        if trial:
            register = recovery.try_shares(texts, now=timezone.now())
        else:
            register = recovery.recover(texts, now=timezone.now(), source=source)
    except Refusal as refusal:
        return _refused(refusal)
    finally:
        desk.wipe()
    if trial:
        desk.say(
            f"份额有效，能打开全部 {len(register.classes)} 个密钥文件；已记下试用日期。\n"
            f"the shares work and open all {len(register.classes)} key files at every place in reach; the trial is noted."
        )
    else:
        _say_new_key(desk, register)
    return OK


def status() -> int:
    """Tell how the keys stand; 1 when something keeps them from being used."""
    told = standing(timezone.now())
    for line in status_lines(told):
        print(line)
    return WRONG if told.reasons or told.unfinished or told.harmed else OK


def status_lines(told: Standing) -> list[str]:
    """Write the standing, a fact a line, in both languages."""
    lines = [in_both(partial(words.sentence, reason)) for reason in told.reasons]
    register = told.register
    if register is None:
        return lines or ["还没有恢复密钥 / no recovery key yet: zhudang keys ceremony"]
    split, holders = register.recovery, "；".join(f"{each.share} {each.holder}" for each in register.recovery.holders)
    lines += [
        f"工作密钥 working key   {register.working}（{register.working_since}）",
        f"恢复密钥 recovery key  {split.recipient}（{split.made_at}，{split.needed}/{len(split.holders)}，编号 set {split.set_id}）",
        *_sm_lines(told, register),
        f"保管人 custodians      {holders}",
        f"最近试用 last trial    {told.last_trial:%Y-%m-%d}" + ("，该再试了 / due" if told.trial_due else ""),
    ]
    if told.unfinished:
        lines.append("有一次轮换没有做完，请再运行 / a rotation is unfinished, run again: zhudang keys rotate")
    for row in told.classes:
        kept = f"明文 plain {row.plain}，混合 mixed {row.mixed}，加密 encrypted {row.sealed}"
        suite = in_both(partial(words.KEY_SUITES.__getitem__, row.row.suite), " / ") if row.row.encrypted else "—"
        lines.append(f"{row.row.name} {row.row.name_en:<13} {suite}  {row.key or '—'}  {kept}")
        lines += [f"  以前的 former          {key}" for key in row.former]
    lines += [f"存储地 site {place.code:<8} {_state(place.state)}" for place in told.places]
    return lines


def _state(state: str) -> str:
    """How the key files at a place are, in both languages."""
    return in_both(partial(words.KEY_PLACES.__getitem__, state), " / ")


def _sm_lines(told: Standing, register: Register) -> list[str]:
    """Tell the halves of the national suite, where a class or a key is of it."""
    halves = (("工作密钥 working SM2", register.working_sm), ("恢复密钥 recovery SM2", register.recovery.recipient_sm))
    return [f"{name:<20} {half or '—'}" for name, half in halves] if told.shows_sm else []


def _say_new_key(desk: _Desk, register: Register) -> None:
    desk.say(
        f"新的工作密钥 {register.working}，{len(register.classes)} 个密钥文件已重新包裹；内容一字未动。\n"
        f"a new working key; {len(register.classes)} key files were wrapped anew, no content was touched."
    )


def _security_administrator(desk: _Desk, username: str) -> Actor:
    """Ask who does this, and their password; the rights themselves are asked by the act.

    Raises:
        CannotSignIn; CannotHold: the one-time password was not changed yet.
    """
    username = username or desk.ask("安全管理员账号 / security administrator's login:")
    password = desk.ask_secret(f"{username} 的口令 / password:")
    account = signing_in.check_credentials(
        username=username, password=password, visitor=signing_in.Visitor("console", "zhudang keys"), now=timezone.now()
    )
    if account.must_change_password:
        raise CannotHold(Reason("preservation.keys_password_first"))
    return identity.actor_from(account)


def _ask_holders(desk: _Desk, number: int) -> list[str]:
    desk.say(f"请输入 {number} 位保管人（职务与姓名），每行一位，空行结束 / custodians, one a line, an empty line ends")
    named: list[str] = []
    while line := desk.ask(f"{len(named) + 1}:"):
        named.append(line)
    return named


def _ask_shares(desk: _Desk) -> list[str]:
    desk.say("请逐份输入份额（33 个英文词，一行一份），空行结束 / type the shares, one a line, an empty line ends")
    texts: list[str] = []
    while line := desk.ask(f"{len(texts) + 1}:"):
        texts.append(line)
        desk.wipe()
    return texts


def _typed_back(desk: _Desk, under_way: Ceremony, number: int) -> bool:
    for _ in range(_TRIES):
        typed = desk.ask(f"请照抄件输入第 {number} 份 / type share {number} back from your paper:")
        wrong = under_way.type_back(number, typed)
        desk.wipe()
        if not wrong:
            desk.say(f"第 {number} 份相符 / share {number} agrees")
            return True
        desk.say(f"不符的词 / words that differ: {'、'.join(map(str, wrong[:8]))}{' …' if len(wrong) > 8 else ''}")
    return False


def _page(under_way: Ceremony, number: int, holder: str) -> str:
    """A share as its holder gets it: numbered words between two rules, and what to do with them."""
    listed = [f"{at:>2} {word:<12}" for at, word in enumerate(under_way.share(number).split(), 1)]
    lines = ["  ".join(listed[at : at + _WORDS_A_LINE]).rstrip() for at in range(0, len(listed), _WORDS_A_LINE)]
    return "\n".join(
        [
            "城建档案恢复密钥份额 / share of the archive's recovery key (SLIP-39)",
            f"第 {number} 份，共 {len(under_way.holders)} 份，任 {under_way.needed} 份可恢复；编号 {under_way.split.set_id}；{holder}",
            f"share {number} of {len(under_way.holders)}, any {under_way.needed} recover; set {under_way.split.set_id}",
            _RULE,
            *lines,
            _RULE,
            "手抄或打印后密封，签骑缝，存入保险柜；不拍照、不存电子件、不告诉他人。",
            "Write down or print, seal, sign across the seal, lock away; no photograph, no file, tell nobody.",
        ]
    )


def _refused(refusal: Refusal) -> int:
    print_refusal(refusal)
    return REFUSED
