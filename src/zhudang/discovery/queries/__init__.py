"""What people see when they look for something."""

from zhudang.discovery.queries.record import RecordPage, Shown, record_page, shown_of
from zhudang.discovery.queries.search import Facet, Hit, Results, Wanted, search
from zhudang.discovery.queries.structure import StructurePage, structure_page

__all__ = [
    "Facet", "Hit", "RecordPage", "Results", "Shown", "StructurePage", "Wanted", "record_page", "search",
    "shown_of", "structure_page",
]  # fmt: skip
