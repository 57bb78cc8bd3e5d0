"""`zhudang …`: what an administrator types. Heavy imports wait until a command needs them.

Click by itself, without a library that reads signatures: those load much, and `zhudang check` is typed file by file.
"""

import errno
import os
import sys
from pathlib import Path

import click

from zhudang.cli.files import PATH, READ, WRITTEN


def _option(name: str, about: str = "", **more: object) -> click.Option:
    """One option; its default, where it has one, is told in the help."""
    default = more.get("default")
    return click.Option([name], help=about or None, show_default=default not in (None, ""), **more)  # type: ignore[arg-type]


def _text(name: str, about: str = "", default: str | None = None) -> click.Option:
    return _option(name, about, default=default, metavar="<str>")


def _number(name: str, default: int, about: str = "") -> click.Option:
    return _option(name, about, default=default, type=int, metavar="<int>")


def _port() -> click.Option:
    return _option("--port", default=8000, type=click.IntRange(0, 65535), metavar="<int>")


def _level(about: str) -> click.Option:
    return _option("--level", about, default=1, type=click.IntRange(0, 4), metavar="<0-4>")


def _path(name: str, about: str, *, multiple: bool = False, kind: click.ParamType = PATH) -> click.Option:
    return _option(name, about, type=kind, metavar="<path>", multiple=multiple)


def _given(
    name: str, about: str | None = None, *, several: bool = False, kind: click.ParamType = PATH
) -> click.Argument:
    shown = f"{{{name}}}..." if several else f"{{{name}}}"
    return click.Argument([name], type=kind, nargs=-1 if several else 1, required=True, help=about, metavar=shown)


def _django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()


def serve(host: str, port: int, web: int, workers: int) -> None:
    """启动并看护数据库、网页与后台 / start and keep the database, the web tier and the worker."""
    from zhudang.cli import serve as guardian
    from zhudang.cli.supervisor import Plan

    demo = os.environ.get("ZHUDANG_DEMO") == "1"
    sys.exit(guardian.run(Plan(host=host, port=port, web_processes=web, worker_processes=workers, demo=demo)))


def demo(port: int, smoke: bool) -> None:
    """启动演示城 / run the product with its demo city."""
    from zhudang.cli import demo_command

    sys.exit(demo_command.run(port=port, smoke=smoke))


def prepare(host: str) -> None:
    """Migrate as the owner, grant the roles their rights, load rule data; safe to run again."""
    from zhudang.cli import install

    _django()
    sys.exit(install.prepare(host))


def init(archive_name: str) -> None:
    """建立空馆：三员账号与一次性口令 / make an empty archive with its three administrators."""
    from zhudang.cli import install

    sys.exit(install.init(archive_name))


def worker() -> None:
    """运行后台作业 / run background jobs."""
    _django()
    from zhudang.cli import worker as background

    background.run()


def doctor() -> None:
    """体检：磁盘、时钟、字体、数据库、后台、查毒、RAR、日历、存储地 / examine this installation."""
    from zhudang.cli import doctor as examination

    _django()
    sys.exit(examination.run())


def check(
    paths: tuple[Path, ...],
    json: Path | None,
    html: Path | None,
    profile: Path | None,
    stage: str | None,
    since: Path | None,
    ids: tuple[Path, ...],
    language: str,
) -> None:
    """检测文件，不需要数据库 / check files; needs no database."""
    from dataclasses import replace

    from zhudang.checks import command
    from zhudang.checks.settings import CheckSettings

    settings = CheckSettings.from_environment()
    if profile is not None:
        settings = replace(settings, profile=str(profile))
    options = command.Options(language=language, settings=settings, html=html, stage=stage, since=since, ids=ids)
    sys.exit(command.run(paths, json, options))


def package(folder: Path, out: Path | None, project: str, works: str) -> None:
    """检测并打包待移交的文件夹，不需要数据库 / check a folder and pack it for submission."""
    from datetime import datetime

    from zhudang.checks import packing

    naming = packing.Naming(project or folder.absolute().name, works or "00", datetime.now().astimezone())
    sys.exit(packing.run(folder, naming, out))


def verify(repair: bool, new_disk: str, registers: bool, json: Path | None) -> None:
    """核验全部存储地的全部副本 / verify every copy at every site."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.verify(repair=repair or bool(new_disk), json_path=json, new_disk=new_disk, registers=registers))


def call_in(site: str) -> None:
    """调回离线盘、带：补写、读回 / catch a site up with what it lacks and read it whole."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.call_in(site))


def rebuild(site: str) -> None:
    """从一个存储地重建目录 / rebuild the catalogue from one site into an empty database."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.rebuild(site))


def emergency_serve(
    copy: Path, host: str, port: int, level: int, log: Path | None, keys: Path | None, shares: bool
) -> None:
    """只凭一份副本应急查看，不需要原来的数据库 / look into one copy alone, without any database of before."""
    from zhudang.cli import emergency

    sys.exit(emergency.run(emergency.Plan(copy, host, port, level, log, keys, shares)))


def emergency_prepare(level: int) -> None:
    """Tables and account of an emergency service."""
    from zhudang.cli import emergency_loading

    _django()
    sys.exit(emergency_loading.prepare(level))


def emergency_load() -> None:
    """Read the copy of an emergency service."""
    from zhudang.cli import emergency_loading

    _django()
    sys.exit(emergency_loading.load())


def backup(target: Path, plain: bool) -> None:
    """备份数据库与未入库的文件 / back up the database and what is not yet preserved."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.backup(target, plain=plain))


def restore(source: Path) -> None:
    """从备份恢复到空馆 / restore a backup into an empty installation."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.restore(source))


def export(project: str, volume: tuple[str, ...], form: str, out: Path, level: int) -> None:
    """把已入库的案卷导出为交换包 / give preserved volumes away as an exchange package."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.export(project, volume, form, out, level))


def audit_verify() -> None:
    """核验日志：被改、被删、被插、被换序的行 / find changed, removed, inserted or reordered rows."""
    _django()
    from zhudang.audit import command

    sys.exit(command.verify())


def audit_proof(pdf: Path, key: str) -> None:
    """不联网、不问数据库，查一份凭证自带的登记证明 / check the proof a certificate carries, without any database."""
    _django()
    from zhudang.documents import command

    sys.exit(command.proof(pdf, key=key))


def keys_ceremony(username: str, needed: int | None, holder: tuple[str, ...]) -> None:
    """恢复密钥仪式：生成、分份、逐人核对 / make the recovery key and split it among custodians."""
    _django()
    from zhudang.preservation.keys import command

    sys.exit(command.ceremony(needed=needed, holders=holder, username=username))


def keys_rotate(username: str) -> None:
    """更换工作密钥，只重写小密钥文件 / a new working key; only the small key files are rewritten."""
    _django()
    from zhudang.preservation.keys import command

    sys.exit(command.rotate(username=username))


def keys_recover(trial: bool, source: Path | None) -> None:
    """凭份额恢复丢失的工作密钥 / a new working key from the custodians' shares, where it is lost."""
    _django()
    from zhudang.preservation.keys import command

    sys.exit(command.recover(trial=trial, source=source))


def keys_status() -> None:
    """密钥现状：类、公钥、保管人、各存储地 / how the keys stand."""
    _django()
    from zhudang.preservation.keys import command

    sys.exit(command.status())


def site_credentials(site: str) -> None:
    """登记对象存储的访问凭据，每处一份文件 / keep the credentials of a bucket, a file of its own for each."""
    _django()
    from zhudang.preservation import site_command

    sys.exit(site_command.set_credentials(site))


def site_check(site: str) -> None:
    """连一次，试一试能不能删除 / reach a bucket and try whether anything there can be deleted."""
    _django()
    from zhudang.preservation import site_command

    sys.exit(site_command.check(site))


def site_fetch(site: str, target: Path) -> None:
    """把对象存储里的整个保存库取到文件夹，逐字节核对 / bring a whole bucket down into a folder, compared."""
    _django()
    from zhudang.preservation import site_command

    sys.exit(site_command.fetch(site, target))


def site_owed(site: str, to: Path | None) -> None:
    """看桶里还留着哪些已销毁的内容，写出应删清单 / what a bucket still holds that was destroyed, listed for its keeper."""
    _django()
    from zhudang.preservation import site_command

    sys.exit(site_command.owed(site, to))


class _InGivenOrder(click.Group):
    """Commands are listed in the order an installation meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def _command(act: object, *params: click.Parameter, name: str = "", hidden: bool = False) -> click.Command:
    name = name or act.__name__  # type: ignore[attr-defined]
    return click.Command(name, callback=act, params=list(params), help=act.__doc__, hidden=hidden)  # type: ignore[arg-type]


_LOOK = (
    _given("paths", "文件或文件夹 / files or folders", several=True),
    _path("--json", "把结果写成 JSON / write the result as JSON"),
    _path("--html", "把报告写成网页文件 / write the report as a page"),
    _path("--profile", "本馆配置 TOML / the city's profile"),
    _text("--stage", "归档 GD、移交 YJ、长期保存 CQ / one stage only"),
    _path("--since", "先前的 JSON 报告，未改动的沿用 / carry over from it"),
    _path("--ids", "模型要满足的 IDS 文件 / IDS files for models", multiple=True),
    _text("--language", "报告语言 zh、en / language of the report", "zh"),
)
_SUBMIT = (
    _given("folder", "要移交的文件夹 / the folder to submit"),
    _path("--out", "写到哪个文件 / where to write the package"),
    _text("--project", "项目代码 / code of the project", ""),
    _text("--works", "工程代码 / code of the works", ""),
)
_SITE = _option("--site", "哪个存储地 / which site", required=True, metavar="<str>")
_ADMINISTRATOR = _text("--username", "安全管理员账号 / the security administrator's login", "")
_COMMANDS = (
    _command(
        serve,
        _text("--host", default="127.0.0.1"),
        _port(),
        _number("--web", 2, "网页进程数 / web processes"),
        _number("--workers", 1, "后台进程数 / worker processes"),
    ),
    _command(
        demo,
        _port(),
        _option("--smoke/--no-smoke", "走完整条路后退出 / walk the whole road, then exit", default=False),
    ),
    _command(prepare, _text("--host", default="127.0.0.1"), hidden=True),
    _command(init, _text("--archive-name", "馆名 / name of the archive", "")),
    _command(worker),
    _command(doctor),
    _command(check, *_LOOK),
    _command(package, *_SUBMIT),
    _command(
        verify,
        _option("--repair/--no-repair", "损坏的用好的修复 / mend a damaged copy from a sound one", default=False),
        _text(
            "--new-disk",
            "这个存储地的盘丢了，换上的是空盘：重新写满 / this site's disk was lost and is empty now: fill it",
            "",
        ),
        _option(
            "--registers/--no-registers",
            "再把目录与库里的对一遍，找日志没有记的改动 / also compare the registers with the store, for changes no act accounts for",
            default=False,
        ),
        _path("--json", "把结果写成 JSON / write the result as JSON", kind=WRITTEN),
    ),
    _command(call_in, _SITE, name="call-in"),
    _command(rebuild, _text("--site", "从哪个存储地 / from which site", "a")),
    _command(
        emergency_serve,
        _given("copy", "副本：存储地的文件夹，或其中的 store / a site's folder, or the store in it"),
        _text("--host", default="127.0.0.1"),
        _port(),
        _level("最高可看密级 0–4 / highest secrecy level shown"),
        _path("--log", "查看记录写到哪个文件 / where looks are written down"),
        _path("--keys", "工作密钥，或存放它的文件夹 / the working key, or the folder it lies in"),
        _option("--shares/--no-shares", "凭保管人的份额打开加密的 / open what is encrypted by shares", default=False),
        name="emergency-serve",
    ),
    _command(emergency_prepare, _number("--level", 1), name="emergency-prepare", hidden=True),
    _command(emergency_load, name="emergency-load", hidden=True),
    _command(
        backup,
        _given("target"),
        _option("--plain/--encrypted", "有密钥也不加密 / do not encrypt, though there are keys", default=False),
    ),
    _command(restore, _given("source")),
    _command(
        export,
        _option("--project", "项目代码 / code of the project", required=True, metavar="<str>"),
        click.Option(["--volume"], multiple=True, help="档号，可多次；不写为全部 / reference code, may be repeated"),
        click.Option(
            ["--as", "form"],
            type=click.Choice(["bagit", "dat93", "eep", "csip"]),
            required=True,
            help="包的形式 / form",
        ),
        _given("out"),
        _level("最高密级，1 内部 / highest level in it, 1 is internal"),
    ),
    _InGivenOrder(
        "site",
        {
            "credentials": _command(site_credentials, _SITE, name="credentials"),
            "check": _command(site_check, _SITE, name="check"),
            "fetch": _command(
                site_fetch, _SITE, _given("target", "取到哪个文件夹 / the folder to bring it to"), name="fetch"
            ),
            "owed": _command(
                site_owed,
                _SITE,
                _path("--to", "应删清单写到哪个文件夹 / folder for the lists of keys to delete"),
                name="owed",
            ),
        },
        help="对象存储的存储地 / sites in buckets of an S3-compatible server",
        no_args_is_help=True,
    ),
    _InGivenOrder(
        "keys",
        {
            "ceremony": _command(
                keys_ceremony,
                _ADMINISTRATOR,
                _option("--needed", "几份可恢复 / shares that recover", type=int, metavar="<int>"),
                _option("--holder", "保管人，每份一位 / custodian, once a share", multiple=True, metavar="<str>"),
                name="ceremony",
            ),
            "rotate": _command(keys_rotate, _ADMINISTRATOR, name="rotate"),
            "recover": _command(
                keys_recover,
                _option("--trial/--no-trial", "只试份额，不改密钥 / only try the shares", default=False),
                _path("--source", "另有密钥文件的文件夹，如备份 / a folder that holds key files too, such as a backup"),
                name="recover",
            ),
            "status": _command(keys_status, name="status"),
        },
        help="密钥 / keys of the encrypted holdings",
        no_args_is_help=True,
    ),
    _InGivenOrder(
        "audit",
        {
            "verify": _command(audit_verify, name="verify"),
            "proof": _command(
                audit_proof,
                _given("pdf", "凭证的 PDF / the certificate", kind=READ),
                _text("--key", "档案馆公布的日志公钥 / the archive's published log key", ""),
                name="proof",
            ),
        },
        help="日志 / the log nobody can edit",
        no_args_is_help=True,
    ),
)
app = _InGivenOrder(
    "zhudang",
    {each.name or "": each for each in _COMMANDS},
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
            f"没有权限：请用运行 zhudang serve 的同一个系统帐号运行（数据文件夹 {data}）\n"
            f"No permission: run it as the account that runs `zhudang serve` (data folder {data})."
        )
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "磁盘写满，没有做完：腾出空间后再运行\nThe disk is full; it was not done. Make room and run it again."
    if isinstance(problem, OSError) and problem.filename:
        return "这个文件或文件夹用不了，没有做完\nThis file or folder cannot be used; it was not done."
    return ""
