"""`zhudang …`: what an administrator types. Heavy imports wait until a command needs them."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="zhudang", help="筑档 · 城建档案管理系统 / urban construction archives system", no_args_is_help=True,
                  pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)  # fmt: skip
audit_app = typer.Typer(help="日志 / the log nobody can edit", no_args_is_help=True,
                        rich_markup_mode=None)  # fmt: skip
app.add_typer(audit_app, name="audit")


def _django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    web: Annotated[int, typer.Option(help="网页进程数 / web processes")] = 2,
    workers: Annotated[int, typer.Option(help="后台进程数 / worker processes")] = 1,
) -> None:
    """启动并看护数据库、网页与后台 / start and keep the database, the web tier and the worker."""
    from zhudang.cli import serve as guardian
    from zhudang.cli.supervisor import Plan

    demo = os.environ.get("ZHUDANG_DEMO") == "1"
    sys.exit(guardian.run(Plan(host=host, port=port, web_processes=web, worker_processes=workers, demo=demo)))


@app.command()
def demo(
    port: int = 8000,
    smoke: Annotated[bool, typer.Option(help="走完整条路后退出 / walk the whole road, then exit")] = False,
) -> None:
    """启动演示城 / run the product with its demo city."""
    from zhudang.cli import demo_command

    sys.exit(demo_command.run(port=port, smoke=smoke))


@app.command(hidden=True)
def prepare(host: str = "127.0.0.1") -> None:
    """Migrate as the owner, grant the roles their rights, load rule data; safe to run again."""
    from zhudang.cli import install

    _django()
    sys.exit(install.prepare(host))


@app.command()
def init(archive_name: Annotated[str, typer.Option(help="馆名 / name of the archive")] = "") -> None:
    """建立空馆：三员账号与一次性口令 / make an empty archive with its three administrators."""
    from zhudang.cli import install

    sys.exit(install.init(archive_name))


@app.command()
def worker() -> None:
    """运行后台作业 / run background jobs."""
    _django()
    from zhudang.cli import worker as background

    background.run()


@app.command()
def doctor() -> None:
    """体检：磁盘、时钟、字体、数据库、后台、查毒、日历、存储地 / examine this installation."""
    from zhudang.cli import doctor as examination

    _django()
    sys.exit(examination.run())


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="文件或文件夹 / files or folders")],
    json: Annotated[Path | None, typer.Option("--json", help="把结果写成 JSON / write the result as JSON")] = None,
    html: Annotated[Path | None, typer.Option(help="把报告写成网页文件 / write the report as a page")] = None,
    profile: Annotated[Path | None, typer.Option(help="本馆配置 TOML / the city's profile")] = None,
    stage: Annotated[str | None, typer.Option(help="归档 GD、移交 YJ、长期保存 CQ / one stage only")] = None,
    since: Annotated[Path | None, typer.Option(help="先前的 JSON 报告，未改动的沿用 / carry over from it")] = None,
    ids: Annotated[list[Path] | None, typer.Option(help="模型要满足的 IDS 文件 / IDS files for models")] = None,
    language: Annotated[str, typer.Option(help="报告语言 zh、en / language of the report")] = "zh",
) -> None:
    """检测文件，不需要数据库 / check files; needs no database."""
    from dataclasses import replace

    from zhudang.checks import command
    from zhudang.checks.settings import CheckSettings

    settings = CheckSettings.from_environment()
    if profile is not None:
        settings = replace(settings, profile=str(profile))
    options = command.Options(language=language, settings=settings, html=html, stage=stage, since=since,
                              ids=tuple(ids or ()))  # fmt: skip
    sys.exit(command.run(paths, json, options))


@app.command()
def package(
    folder: Annotated[Path, typer.Argument(help="要移交的文件夹 / the folder to submit")],
    out: Annotated[Path | None, typer.Option(help="写到哪个文件 / where to write the package")] = None,
    project: Annotated[str, typer.Option(help="项目代码 / code of the project")] = "",
    works: Annotated[str, typer.Option(help="工程代码 / code of the works")] = "",
) -> None:
    """检测并打包待移交的文件夹，不需要数据库 / check a folder and pack it for submission."""
    from datetime import datetime

    from zhudang.checks import packing

    naming = packing.Naming(project or folder.absolute().name, works or "00", datetime.now().astimezone())
    sys.exit(packing.run(folder, naming, out))


@app.command()
def verify(
    repair: Annotated[bool, typer.Option(help="损坏的用好的修复 / mend a damaged copy from a sound one")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="把结果写成 JSON / write the result as JSON")] = None,
) -> None:
    """核验全部存储地的全部副本 / verify every copy at every site."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.verify(repair=repair, json_path=json))


@app.command()
def rebuild(site: Annotated[str, typer.Option(help="从哪个存储地 / from which site")] = "a") -> None:
    """从一个存储地重建目录 / rebuild the catalogue from one site into an empty database."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.rebuild(site))


@app.command()
def backup(target: Path) -> None:
    """备份数据库与未入库的文件 / back up the database and what is not yet preserved."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.backup(target))


@app.command()
def restore(source: Path) -> None:
    """从备份恢复到空馆 / restore a backup into an empty installation."""
    _django()
    from zhudang.preservation import command

    sys.exit(command.restore(source))


@audit_app.command("verify")
def audit_verify() -> None:
    """核验日志：被改、被删、被插、被换序的行 / find changed, removed, inserted or reordered rows."""
    _django()
    from zhudang.audit import command

    sys.exit(command.verify())


def run() -> None:
    app()
