"""Commands about the keys of the encrypted holdings."""

import sys
from pathlib import Path

from zhudang.cli.typed import InGivenOrder, load_django, offer, option, path_option, text_option


def keys_ceremony(username: str, needed: int | None, holder: tuple[str, ...]) -> None:
    """恢复密钥仪式：生成、分份、逐人核对 / make the recovery key and split it among custodians."""
    load_django()
    from zhudang.preservation.keys import command

    sys.exit(command.ceremony(needed=needed, holders=holder, username=username))


def keys_rotate(username: str) -> None:
    """更换工作密钥，只重写小密钥文件 / a new working key; only the small key files are rewritten."""
    load_django()
    from zhudang.preservation.keys import command

    sys.exit(command.rotate(username=username))


def keys_recover(trial: bool, source: Path | None) -> None:
    """凭份额恢复丢失的工作密钥 / a new working key from the custodians' shares, where it is lost."""
    load_django()
    from zhudang.preservation.keys import command

    sys.exit(command.recover(trial=trial, source=source))


def keys_status() -> None:
    """密钥现状：类、公钥、保管人、各存储地 / how the keys stand."""
    load_django()
    from zhudang.preservation.keys import command

    sys.exit(command.status())


_ADMINISTRATOR = text_option("--username", "安全管理员账号 / the security administrator's login", "")

COMMANDS = (
    InGivenOrder(
        "keys",
        {
            "ceremony": offer(
                keys_ceremony,
                _ADMINISTRATOR,
                option("--needed", "几份可恢复 / shares that recover", type=int, metavar="<int>"),
                option("--holder", "保管人，每份一位 / custodian, once a share", multiple=True, metavar="<str>"),
                name="ceremony",
            ),
            "rotate": offer(keys_rotate, _ADMINISTRATOR, name="rotate"),
            "recover": offer(
                keys_recover,
                option("--trial/--no-trial", "只试份额，不改密钥 / only try the shares", default=False),
                path_option(
                    "--source", "另有密钥文件的文件夹，如备份 / a folder that holds key files too, such as a backup"
                ),
                name="recover",
            ),
            "status": offer(keys_status, name="status"),
        },
        help="密钥 / keys of the encrypted holdings",
        no_args_is_help=True,
    ),
)
