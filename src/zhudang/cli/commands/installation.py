"""Commands of an installation: started, shown, made, examined."""

import os
import sys

from zhudang.cli.typed import load_django, number_option, offer, option, port_option, text_option


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

    load_django()
    sys.exit(install.prepare(host))


def init(archive_name: str) -> None:
    """建立空馆：三员账号与一次性口令 / make an empty archive with its three administrators."""
    from zhudang.cli import install

    sys.exit(install.init(archive_name))


def worker() -> None:
    """运行后台作业 / run background jobs."""
    load_django()
    from zhudang.cli import worker as background

    background.run()


def doctor() -> None:
    """体检：磁盘、时钟、字体、数据库、后台、查毒、RAR、日历、存储地 / examine this installation."""
    from zhudang.cli import doctor as examination

    load_django()
    sys.exit(examination.run())


COMMANDS = (
    offer(
        serve,
        text_option("--host", default="127.0.0.1"),
        port_option(),
        number_option("--web", 2, "网页进程数 / web processes"),
        number_option("--workers", 1, "后台进程数 / worker processes"),
    ),
    offer(
        demo,
        port_option(),
        option("--smoke/--no-smoke", "走完整条路后退出 / walk the whole road, then exit", default=False),
    ),
    offer(prepare, text_option("--host", default="127.0.0.1"), hidden=True),
    offer(init, text_option("--archive-name", "馆名 / name of the archive", "")),
    offer(worker),
    offer(doctor),
)
