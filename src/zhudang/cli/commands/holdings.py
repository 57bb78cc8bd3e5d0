"""Commands about what is kept: verified, called in, rebuilt, backed up, given away."""

import sys
from pathlib import Path

import click

from zhudang.cli.files import WRITTEN
from zhudang.cli.typed import SITE, argument, level_option, load_django, offer, option, path_option, text_option


def verify(repair: bool, new_disk: str, registers: bool, json: Path | None) -> None:
    """核验全部存储地的全部副本 / verify every copy at every site."""
    load_django()
    from zhudang.preservation import command

    sys.exit(command.verify(repair=repair or bool(new_disk), json_path=json, new_disk=new_disk, registers=registers))


def call_in(site: str) -> None:
    """调回离线盘、带：补写、读回 / catch a site up with what it lacks and read it whole."""
    load_django()
    from zhudang.preservation import command

    sys.exit(command.call_in(site))


def rebuild(site: str) -> None:
    """从一个存储地重建目录 / rebuild the catalogue from one site into an empty database."""
    load_django()
    from zhudang.preservation import command

    sys.exit(command.rebuild(site))


def backup(target: Path, plain: bool) -> None:
    """备份数据库与未入库的文件 / back up the database and what is not yet preserved."""
    load_django()
    from zhudang.preservation import command

    sys.exit(command.backup(target, plain=plain))


def restore(source: Path) -> None:
    """从备份恢复到空馆 / restore a backup into an empty installation."""
    load_django()
    from zhudang.preservation import command

    sys.exit(command.restore(source))


def export(project: str, volume: tuple[str, ...], form: str, out: Path, level: int) -> None:
    """把已入库的案卷导出为交换包 / give preserved volumes away as an exchange package."""
    load_django()
    from zhudang.preservation import command

    sys.exit(command.export(project, volume, form, out, level))


COMMANDS = (
    offer(
        verify,
        option("--repair/--no-repair", "损坏的用好的修复 / mend a damaged copy from a sound one", default=False),
        text_option(
            "--new-disk",
            "这个存储地的盘丢了，换上的是空盘：重新写满 / this site's disk was lost and is empty now: fill it",
            "",
        ),
        option(
            "--registers/--no-registers",
            "再把目录与库里的对一遍，找日志没有记的改动 / also compare the registers with the store, for changes no act accounts for",
            default=False,
        ),
        path_option("--json", "把结果写成 JSON / write the result as JSON", kind=WRITTEN),
    ),
    offer(call_in, SITE, name="call-in"),
    offer(rebuild, text_option("--site", "从哪个存储地 / from which site", "a")),
    offer(
        backup,
        argument("target"),
        option("--plain/--encrypted", "有密钥也不加密 / do not encrypt, though there are keys", default=False),
    ),
    offer(restore, argument("source")),
    offer(
        export,
        option("--project", "项目代码 / code of the project", required=True, metavar="<str>"),
        click.Option(["--volume"], multiple=True, help="档号，可多次；不写为全部 / reference code, may be repeated"),
        click.Option(
            ["--as", "form"],
            type=click.Choice(["bagit", "dat93", "eep", "csip"]),
            required=True,
            help="包的形式 / form",
        ),
        argument("out"),
        level_option("最高密级，1 内部 / highest level in it, 1 is internal"),
    ),
)
