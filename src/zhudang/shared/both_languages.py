"""A sentence in Chinese and in English, for the console: whoever types there has told nobody which language they read."""

from collections.abc import Callable

from django.utils import translation


def in_both(told: Callable[[], object], between: str = "\n") -> str:
    """Write a sentence in Chinese, then in English; once where both are alike.

    Args:
        told: gives the sentence in the language in force while it is called.
        between: a new line, or " / " within a line.
    """
    return between.join(dict.fromkeys(in_each(told)))


def in_each(told: Callable[[], object]) -> tuple[str, str]:
    """What is told in Chinese, and in English: for sentences that are written out in both already."""
    written = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            written.append(str(told()))
    chinese, english = written
    return chinese, english
