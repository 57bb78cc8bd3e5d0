"""The log's pages at a million entries, as the audit administrator asks for them; and all of it taken out as a file."""

import http.client
import statistics
import time
import urllib.parse
from datetime import timedelta
from typing import Any

import psutil

from bench.installation import Installation, Peak, peak_memory
from bench.log_entries import BEGUN, RARE_ACTOR, RARE_WORDS, SECONDS_EACH
from bench.row import Row

TURNS = 20
PAGE_MS, WORST_MS, EXPORT_RATE = 300, 1_000, 20_000


def asked(told: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The measured pages: name and addresses."""
    many = told["last"]
    middle = (BEGUN + timedelta(seconds=SECONDS_EACH * many // 2)).date().isoformat()
    subject, document = told["subject"], told["document_no"]
    lists: list[tuple[str, list[dict[str, Any]]]] = [
        ("first page", [{}, {"sort": "at"}]),
        ("an account", [{"actor": "clerk01"}, {"actor": "clerk30"}]),
        ("an account of three entries", [{"actor": RARE_ACTOR}]),
        ("an act's beginning", [{"act": "filing.record."}, {"act": "identity"}, {"act": "preservation.volume.destroyed"}]),
        ("a subject", [{"subject": subject}, {"subject": subject.split(":")[1]}]),
        ("a number", [{"number": str(many // 2)}]),
        ("one day", [{"since": middle, "until": middle}]),
        ("words in half of all", [{"q": "验收记录"}]),
        ("words in three entries", [{"q": RARE_WORDS}]),
        ("words nowhere", [{"q": "没有人写过的词句"}]),
        ("a document's number", [{"q": document}]),
        ("part of a number, everywhere near", [{"q": "0-9"}, {"q": "77%7"}]),
        ("one character", [{"q": "龘"}, {"q": "的"}]),
        ("account, act, words, days", [
            {"actor": "clerk01", "act": "filing", "q": "验收记录", "since": "2023-06-02", "until": middle},
            {"actor": "clerk30", "act": "documents", "q": RARE_WORDS}, {"actor": "clerk30", "subject": "filing.record", "since": middle},
            {"actor": "clerk39", "act": "documents.document.issued", "q": "认〔2025〕7"},
        ]),
    ]  # fmt: skip
    return [
        *((name, [f"/audit/?{urllib.parse.urlencode(query)}" for query in queries]) for name, queries in lists),
        ("deep", [f"/audit/?place={many // 2}&seen={many // 2}", f"/audit/?place={many // 3}&q=工程&seen=99"]),
        ("an entry with its proof", [f"/audit/{entry_id}/" for entry_id in told["entry_ids"]]),
        ("signed heads", ["/audit/heads/"]),
    ]


def rows(place: Installation, told: dict[str, Any]) -> list[Row]:
    """Ask for each page again and again; what counts is the 95th percentile, and the longest of all."""
    from zhudang.demo import city
    from zhudang.demo.visitor import Visitor

    visitor = Visitor(place.url).login("auditor", city.PASSWORD)
    found, longest, slowest = [], 0.0, ""
    for name, addresses in asked(told):
        times: list[float] = []
        for turn in range(max(TURNS, len(addresses) * 6)):
            address = addresses[turn % len(addresses)]
            began = time.monotonic()
            visitor.page(address)
            times.append((time.monotonic() - began) * 1000)
            if times[-1] > longest:
                longest, slowest = times[-1], address
        p95 = statistics.quantiles(times, n=20)[18]
        found.append(Row(f"  page of the log: {name}", f"p95 {p95:.0f} ms", f"median {statistics.median(times):.0f} ms", f"p95 < {PAGE_MS} ms", p95 < PAGE_MS))  # fmt: skip
    longest_row = Row("  longest of all requests", f"{longest:.0f} ms", slowest[:46], f"< {WORST_MS} ms", longest < WORST_MS)  # fmt: skip
    return [*found, longest_row]


def export(place: Installation, query: str = "") -> tuple[int, float, Peak]:
    """Take the log out as CSV: lines, seconds, and the peak memory of the web process."""
    from zhudang.demo import city
    from zhudang.demo.visitor import Visitor

    visitor = Visitor(place.url).login("auditor", city.PASSWORD)
    link = http.client.HTTPConnection(visitor.host, visitor.port, timeout=3_600)
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    began, lines = time.monotonic(), 0
    with peak_memory(*_web(place), every=0.1) as peak:
        link.request("GET", f"/audit/?export=csv&{query}", headers={"Cookie": cookies})
        answer = link.getresponse()
        while part := answer.read(1 << 20):
            lines += part.count(b"\r\n")
    seconds = time.monotonic() - began
    link.close()
    if answer.status != 200:
        raise AssertionError(f"the export answered {answer.status}")
    return lines - 1, seconds, peak


def _web(place: Installation) -> list[int]:
    below = psutil.Process(place.process.pid).children(recursive=True)
    return [process.pid for process in below if "granian" in " ".join(process.cmdline())]
