"""`zhudang …`: what an administrator types. Heavy imports wait until a command needs them.

Click by itself, without a library that reads signatures: those load much, and `zhudang check` is typed file by file.
"""

import errno
import os
import sys

import click

from zhudang.cli.commands import audit, checking, emergency, holdings, installation, keys, site
from zhudang.cli.typed import InGivenOrder

_GROUPS = (installation, checking, holdings, emergency, site, keys, audit)
app = InGivenOrder(
    "zhudang",
    {each.name or "": each for group in _GROUPS for each in group.COMMANDS},
    help="筑档 · 城建档案管理系统 / urban construction archives system",
    no_args_is_help=True,
)


def run() -> None:
    """Run what was typed; a database that does not answer, or a folder that is not ours, is told in a sentence."""
    try:
        app()
    except Exception as problem:
        if not (told := _told(problem)):
            raise
        click.echo(f"{told}\n{str(problem).strip().splitlines()[0]}", err=True)
        sys.exit(3)


def _told(problem: Exception) -> str:
    """What a person can do about a problem of the surroundings; empty where it is none."""
    # Named, not imported: most commands that come here loaded Django, `zhudang check` must not.
    kind = type(problem)
    data = os.environ.get("ZHUDANG_DATA") or "var/"
    if kind.__module__ == "django.db.utils" and kind.__name__ in {"OperationalError", "InterfaceError"}:
        return (
            f"数据库没有应答，什么也没有做完：先启动 zhudang serve（数据文件夹 {data}，由 ZHUDANG_DATA 指定）\n"
            f"The database does not answer: start `zhudang serve` first (data folder {data}, named by ZHUDANG_DATA)."
        )
    if isinstance(problem, PermissionError):
        return (
            f"没有权限：请用运行 zhudang serve 的同一个系统帐号运行（数据文件夹 {data}）；只用应急服务时，用 ZHUDANG_DATA 指定一个自己能写的文件夹\n"
            f"No permission: run it as the account that runs `zhudang serve` (data folder {data}); for the emergency service alone, "
            "let ZHUDANG_DATA name a folder this account can write."
        )
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "磁盘写满，没有做完：腾出空间后再运行\nThe disk is full; it was not done. Make room and run it again."
    if isinstance(problem, OSError) and problem.filename:
        return "这个文件或文件夹用不了，没有做完\nThis file or folder cannot be used; it was not done."
    return ""
