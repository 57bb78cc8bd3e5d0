"""Lists: what the URL asks for, one page of it, and the whole of it as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.http import HttpRequest

Row = TypeVar("Row")
DEFAULT_ROWS = 50
MOST_ROWS = 200


@dataclass(frozen=True)
class ListState:
    """What the address of a list asks for.

    Args:
        q: words to filter by, trimmed.
        sort: a column key, with "-" in front when descending; "" is the list's own order.
        filters: the filters of this list that are set, by key.
    """

    q: str
    sort: str
    page: int
    rows: int
    filters: Mapping[str, str]

    @property
    def offset(self) -> int:
        """How many rows lie before this page."""
        return (self.page - 1) * self.rows

    def order(self, columns: Mapping[str, str | Sequence[str]], default: str | Sequence[str]) -> list[str]:
        """Translate the sort key into order_by arguments; an unknown key means the default."""
        key = self.sort.lstrip("-")
        chosen = columns.get(key, default)
        fields = [chosen] if isinstance(chosen, str) else list(chosen)
        if key in columns and self.sort.startswith("-"):
            fields = [field[1:] if field.startswith("-") else f"-{field}" for field in fields]
        return fields


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list, and where it stands in the whole."""

    rows: Sequence[Row]
    number: int
    per_page: int
    total: int

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.per_page))

    @property
    def first(self) -> int:
        """Number of the first row on this page, 0 when there is none."""
        return (self.number - 1) * self.per_page + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Number of the last row on this page."""
        return self.first + len(self.rows) - 1 if self.rows else 0


def _whole(text: str, default: int, most: int) -> int:
    return min(most, max(1, int(text))) if text.isdecimal() and len(text) < 9 else default


def read_state(request: HttpRequest, *, filters: Sequence[str] = (), rows: int = DEFAULT_ROWS) -> ListState:
    """Read a list's state from the address; whatever is not a number counts as not asked for."""
    asked = request.GET
    return ListState(
        q=_text(asked.get("q", ""))[:200],
        sort=_text(asked.get("sort", ""))[:40],
        page=_whole(asked.get("page", ""), 1, 1_000_000),
        rows=_whole(asked.get("rows", ""), rows, MOST_ROWS),
        filters={key: text[:100] for key in filters if (text := _text(asked.get(key, "")))},
    )


def _text(given: str) -> str:
    """What somebody typed, without the character that no database takes."""
    return given.replace("\x00", "").strip()


def page_of(rows: Sequence[Any], state: ListState, total: int) -> Page[Any]:
    """A page whose rows were cut out elsewhere, which is the last one where the state asks for a later one."""
    return Page(rows, min(state.page, max(1, -(-total // state.rows))), state.rows, total)


def take_page(
    rows: Any, state: ListState, shape: Callable[[Any], Any] | None = None, *, total: int | None = None
) -> Page[Any]:
    """Cut one page out of a queryset or a sequence; beyond the end gives the last page.

    Args:
        shape: turns a row into what the page shows, called for the rows of this page only.
        total: how many there are, where the caller has counted them.
    """
    if total is None:
        total = len(rows) if isinstance(rows, Sequence) else rows.count()
    number = min(state.page, max(1, -(-total // state.rows)))
    start = (number - 1) * state.rows
    cut = list(rows[start : start + state.rows])
    return Page([shape(row) for row in cut] if shape else cut, number, state.rows, total)
