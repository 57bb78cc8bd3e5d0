"""What people see when they look for something."""

from zhudang.discovery.queries.record import RecordPage, record_page
from zhudang.discovery.queries.search import Facet, Hit, Results, Wanted, search
from zhudang.discovery.queries.structure import StructurePage, structure_page

__all__ = [
    "Facet", "Hit", "RecordPage", "Results", "StructurePage", "Wanted", "record_page", "search", "structure_page",
]  # fmt: skip
