"""Files named on the command line, looked at before anything is begun: what would fail at the end is told at the beginning."""

import os
from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)
COPY = click.Path(path_type=Path, readable=False)
"""A copy: who serves it looks whether it may be read, and says so in both languages."""


class _Read(click.ParamType):
    """A file that is there."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if not path.is_file():
            self.fail(f"没有这个文件 / no such file: {path}", param, ctx)
        if not os.access(path, os.R_OK):
            self.fail(f"没有权限读这个文件 / this file may not be read: {path}", param, ctx)
        return path


class _Written(click.ParamType):
    """A file that can come to be, or be written over."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        folder = path.parent
        if not folder.is_dir():
            self.fail(f"没有这个文件夹，什么也没有做 / no such folder, nothing was done: {folder}", param, ctx)
        if path.is_dir():
            self.fail(f"这是文件夹，不是文件 / this is a folder, not a file: {path}", param, ctx)
        if not os.access(path if path.exists() else folder, os.W_OK):
            self.fail(f"没有权限写，什么也没有做 / it may not be written, nothing was done: {path}", param, ctx)
        return path


READ, WRITTEN = _Read(), _Written()
