"""Commands that look into one copy alone."""

import sys
from pathlib import Path

from zhudang.cli.files import COPY
from zhudang.cli.typed import (
    argument,
    level_option,
    load_django,
    number_option,
    offer,
    option,
    path_option,
    port_option,
    text_option,
)


def emergency_serve(
    copy: Path, host: str, port: int, level: int, log: Path | None, keys: Path | None, shares: bool
) -> None:
    """只凭一份副本应急查看，不需要原来的数据库 / look into one copy alone, without any database of before."""
    from zhudang.cli import emergency

    sys.exit(emergency.run(emergency.Plan(copy, host, port, level, log, keys, shares)))


def emergency_prepare(level: int) -> None:
    """Tables and account of an emergency service."""
    from zhudang.cli import emergency_loading

    load_django()
    sys.exit(emergency_loading.prepare(level))


def emergency_load() -> None:
    """Read the copy of an emergency service."""
    from zhudang.cli import emergency_loading

    load_django()
    sys.exit(emergency_loading.load())


COMMANDS = (
    offer(
        emergency_serve,
        argument("copy", "副本：存储地的文件夹，或其中的 store / a site's folder, or the store in it", kind=COPY),
        text_option("--host", default="127.0.0.1"),
        port_option(),
        level_option("最高可看密级 0–4 / highest secrecy level shown"),
        path_option("--log", "查看记录写到哪个文件 / where looks are written down"),
        path_option("--keys", "工作密钥，或存放它的文件夹 / the working key, or the folder it lies in"),
        option("--shares/--no-shares", "凭保管人的份额打开加密的 / open what is encrypted by shares", default=False),
        name="emergency-serve",
    ),
    offer(emergency_prepare, number_option("--level", 1), name="emergency-prepare", hidden=True),
    offer(emergency_load, name="emergency-load", hidden=True),
)
