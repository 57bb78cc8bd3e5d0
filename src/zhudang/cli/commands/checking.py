"""Commands that look at files before they are submitted; they need no database."""

import sys
from pathlib import Path

from zhudang.cli.typed import argument, offer, path_option, text_option


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


_LOOK = (
    argument("paths", "文件或文件夹 / files or folders", several=True),
    path_option("--json", "把结果写成 JSON / write the result as JSON"),
    path_option("--html", "把报告写成网页文件 / write the report as a page"),
    path_option("--profile", "本馆配置 TOML / the city's profile"),
    text_option("--stage", "归档 GD、移交 YJ、长期保存 CQ / one stage only"),
    path_option("--since", "先前的 JSON 报告，未改动的沿用 / carry over from it"),
    path_option("--ids", "模型要满足的 IDS 文件 / IDS files for models", multiple=True),
    text_option("--language", "报告语言 zh、en / language of the report", "zh"),
)
_SUBMIT = (
    argument("folder", "要移交的文件夹 / the folder to submit"),
    path_option("--out", "写到哪个文件 / where to write the package"),
    text_option("--project", "项目代码 / code of the project", ""),
    text_option("--works", "工程代码 / code of the works", ""),
)

COMMANDS = (
    offer(check, *_LOOK),
    offer(package, *_SUBMIT),
)
