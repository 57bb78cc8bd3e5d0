"""Commands about sites in buckets."""

import sys
from pathlib import Path

from zhudang.cli.typed import SITE, InGivenOrder, argument, load_django, offer, path_option


def site_credentials(site: str) -> None:
    """登记对象存储的访问凭据，每处一份文件 / keep the credentials of a bucket, a file of its own for each."""
    load_django()
    from zhudang.preservation import site_command

    sys.exit(site_command.set_credentials(site))


def site_check(site: str) -> None:
    """连一次，试一试能不能删除 / reach a bucket and try whether anything there can be deleted."""
    load_django()
    from zhudang.preservation import site_command

    sys.exit(site_command.check(site))


def site_fetch(site: str, target: Path) -> None:
    """把对象存储里的整个保存库取到文件夹，逐字节核对 / bring a whole bucket down into a folder, compared."""
    load_django()
    from zhudang.preservation import site_command

    sys.exit(site_command.fetch(site, target))


def site_owed(site: str, to: Path | None) -> None:
    """看桶里还留着哪些已销毁的内容，写出应删清单 / what a bucket still holds that was destroyed, listed for its keeper."""
    load_django()
    from zhudang.preservation import site_command

    sys.exit(site_command.owed(site, to))


COMMANDS = (
    InGivenOrder(
        "site",
        {
            "credentials": offer(site_credentials, SITE, name="credentials"),
            "check": offer(site_check, SITE, name="check"),
            "fetch": offer(
                site_fetch, SITE, argument("target", "取到哪个文件夹 / the folder to bring it to"), name="fetch"
            ),
            "owed": offer(
                site_owed,
                SITE,
                path_option("--to", "应删清单写到哪个文件夹 / folder for the lists of keys to delete"),
                name="owed",
            ),
        },
        help="对象存储的存储地 / sites in buckets of an S3-compatible server",
        no_args_is_help=True,
    ),
)
