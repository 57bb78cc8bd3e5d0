"""What commands are made of: their options, their arguments, and groups that keep their order."""

import os

import click

from zhudang.cli.files import PATH


def option(name: str, about: str = "", **more: object) -> click.Option:
    """One option; its default, where it has one, is told in the help."""
    default = more.get("default")
    return click.Option([name], help=about or None, show_default=default not in (None, ""), **more)  # type: ignore[arg-type]


def text_option(name: str, about: str = "", default: str | None = None) -> click.Option:
    """An option that is a text."""
    return option(name, about, default=default, metavar="<str>")


def number_option(name: str, default: int, about: str = "") -> click.Option:
    """An option that is a whole number."""
    return option(name, about, default=default, type=int, metavar="<int>")


def port_option() -> click.Option:
    """The port a web server listens on."""
    return option("--port", default=8000, type=click.IntRange(0, 65535), metavar="<int>")


def level_option(about: str) -> click.Option:
    """A secrecy level, 0 to 4."""
    return option("--level", about, default=1, type=click.IntRange(0, 4), metavar="<0-4>")


def path_option(name: str, about: str, *, multiple: bool = False, kind: click.ParamType = PATH) -> click.Option:
    """An option that names a file or folder; `kind` says what must be there."""
    return option(name, about, type=kind, metavar="<path>", multiple=multiple)


def argument(
    name: str, about: str | None = None, *, several: bool = False, kind: click.ParamType = PATH
) -> click.Argument:
    """A file or folder that must be named."""
    shown = f"{{{name}}}..." if several else f"{{{name}}}"
    return click.Argument([name], type=kind, nargs=-1 if several else 1, required=True, help=about, metavar=shown)


def offer(act: object, *params: click.Parameter, name: str = "", hidden: bool = False) -> click.Command:
    """Make a command of what it does; its help is the docstring, in both languages."""
    name = name or act.__name__  # type: ignore[attr-defined]
    return click.Command(name, callback=act, params=list(params), help=act.__doc__, hidden=hidden)  # type: ignore[arg-type]


def load_django() -> None:
    """Load Django where a command needs it: no sooner."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()


class InGivenOrder(click.Group):
    """Commands are listed in the order an installation meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


SITE = option("--site", "哪个存储地 / which site", required=True, metavar="<str>")
