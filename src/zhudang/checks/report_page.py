"""The report as one HTML file: no script, no network, prints on A4; the numbers are `CheckReport.counts`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from zhudang.checks.check_report import CheckReport, write_whole
from zhudang.checks.item_results import ItemResult
from zhudang.checks.model import Finding
from zhudang.checks.report_words import (
    carried_sentence,
    how_lines,
    moment,
    opening,
    result_word,
    run_word,
    verdict_word,
    word,
)
from zhudang.checks.rules import DIMENSIONS, SEVERITIES, all_items, all_rules, translate, why_not_checked

STYLE = (Path(__file__).parent / "data" / "report.css").read_text(encoding="utf-8")
MARKS = {
    "pass": "●",
    "fail": "✕",
    "block": "✕",
    "warn": "▲",
    "manual": "◐",
    "info": "○",
    "not_checked": "▨",
}
"""State is shape, word and colour, always all three."""


def write_html(path: Path, report: CheckReport, language: str = "zh") -> None:
    """Write the page whole or not at all."""
    write_whole(path, page(report, language))


def page(report: CheckReport, language: str = "zh") -> str:
    """The whole page as text."""
    parts = [
        _head(report, language),
        _counts(report, language),
        _items(report.items, language),
        _findings(word("findings", language), report.of_properties, language),
        _findings(word("business", language), report.business, language, word("for_a_person", language)),
        _not_checked(report, language),
        _files(report, language),
        _how(report, language),
    ]
    tag = "en" if language == "en" else "zh-CN"
    title = f"{word('report', language)} · {report.title}"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{tag}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{_e(title)}</title><style>{STYLE}</style></head>\n<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _e(text: object) -> str:
    return escape(str(text).encode("utf-8", "replace").decode("utf-8"))


def _mark(code: str, text: str) -> str:
    return f'<span class="mark {_e(code)}"><i aria-hidden="true">{MARKS.get(code, "○")}</i>{_e(text)}</span>'


def _head(report: CheckReport, language: str) -> str:
    again = carried_sentence(report, language)
    return (
        f'<header><p class="kind">{_e(word("report", language))}</p><h1>{_e(report.title)}</h1>'
        f'<p class="lede">{_e(opening(report, language))}</p>{f"<p>{_e(again)}</p>" if again else ""}'
        f'<p class="small">{_e(word("made_at", language))} {_e(moment(report.made_at))}</p></header>'
    )


def _counts(report: CheckReport, language: str) -> str:
    def row(title: str, cells: Iterable[tuple[str, str, int]]) -> str:
        told = "".join(f"<td>{_mark(code, text)} <b>{number}</b></td>" for code, text, number in cells)
        return f'<tr><th scope="row">{_e(title)}</th>{told}</tr>'

    place = 1 if language == "en" else 0
    counts = report.counts
    return (
        '<table class="counts"><tbody>'
        + row(word("files", language), ((c, verdict_word(c, language), n) for c, n in counts["verdicts"].items()))
        + row(word("items", language), ((c, result_word(c, language), n) for c, n in counts["items"].items()))
        + row(word("findings", language), ((str(s), w[place], counts["findings"][s]) for s, w in SEVERITIES.items()))
        + "</tbody></table>"
    )


def _section(title: str, body: str, small: str = "") -> str:
    aside = f' <span class="small">{_e(small)}</span>' if small else ""
    return f"<section><h2>{_e(title)}{aside}</h2>{body}</section>"


def _table(heads: Sequence[str], rows: Iterable[str], name: str) -> str:
    top = "".join(f'<th scope="col">{_e(head)}</th>' for head in heads)
    return f'<table class="{name}"><thead><tr>{top}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _items(items: Sequence[ItemResult], language: str) -> str:
    place = 1 if language == "en" else 0

    def rows() -> Iterator[str]:
        for dimension, group in groupby(items, key=lambda each: all_items()[each.item].dimension):
            yield f'<tr class="group"><th colspan="4" scope="colgroup">{_e(DIMENSIONS[dimension][place])}</th></tr>'
            for each in group:
                item = all_items()[each.item]
                why = "；".join([each.why(language), *(f"{code} × {count}" for code, count in each.codes.items())])
                compared = f'<div class="small">{_e(item.compared(language))}</div>' if item.compared(language) else ""
                yield (
                    f'<tr><td class="code">{_e(each.item)}</td><td>{_e(item.name(language))}{compared}</td>'
                    f"<td>{_mark(str(each.result), result_word(str(each.result), language))}</td>"
                    f"<td>{_e(why)}</td></tr>"
                )

    heads = [word(key, language) for key in ("item", "name", "result", "reason")]
    return _section(word("items", language), _table(heads, rows(), "items"), word("of_frame", language))


def _findings(title: str, told: Sequence[tuple[str, Finding]], language: str, note: str = "") -> str:
    if not told:
        return _section(title, f"<p>{_e(word('nothing_found', language))}</p>")
    place = 1 if language == "en" else 0

    def rows() -> Iterator[str]:
        for subject, found in told:
            rule = all_rules().get(found.code)
            item = (rule.item or word("business", language)) if rule else ""
            cure = f'<div class="small">{_e(word("cure", language))}{_e(rule.cure(language))}</div>' if rule else ""
            yield (
                f"<tr><td>{_mark(str(found.severity), SEVERITIES[found.severity][place])}</td>"
                f'<td class="code">{_e(found.code)}<div class="small">{_e(item)}</div></td>'
                f'<td class="name">{_e(subject)}</td><td>{_e(translate(found, language))}{cure}</td></tr>'
            )

    heads = [word(key, language) for key in ("severity", "code", "subject", "message")]
    return _section(title, _table(heads, rows(), "findings"), " · ".join(filter(None, [str(len(told)), note])))


def _not_checked(report: CheckReport, language: str) -> str:
    if not report.not_checked:
        return _section(word("not_checked", language), f"<p>{_e(word('all_decided', language))}</p>")

    def rows() -> Iterator[str]:
        for told in report.not_checked:
            rule = all_rules().get(told["code"])
            title = rule.title(language) if rule else told["code"]
            why = why_not_checked(told["reason"], language)
            yield (
                f'<tr><td class="code">{_e(told["code"])}</td><td>{_e(title)}</td><td>{_e(why)}</td>'
                f'<td class="number">{told["files"]}</td></tr>'
            )

    heads = [word(key, language) for key in ("code", "name", "reason", "count")]
    return _section(word("not_checked", language), _table(heads, rows(), "left"))


def _files(report: CheckReport, language: str) -> str:
    def rows() -> Iterator[str]:
        for file in report.files:
            each = file.report
            carried = f'<div class="small">{_e(run_word(file.run, language))}</div>' if file.run.carried else ""
            digest = f'<div class="small digest">{_e(each.sha256)}</div>' if each.sha256 else ""
            yield (
                f"<tr><td>{_mark(str(each.verdict), verdict_word(str(each.verdict), language))}{carried}</td>"
                f'<td class="name">{_e(each.path)}{digest}</td>'
                f'<td>{_e(each.format.name or "—")} <span class="code">{_e(each.format.id)}</span></td>'
                f'<td class="number">{each.size:,}</td></tr>'
            )

    heads = [word(key, language) for key in ("verdict", "file", "format", "size")]
    return _section(word("files", language), _table(heads, rows(), "files"), str(len(report.files)))


def _how(report: CheckReport, language: str) -> str:
    lines = "".join(f"<dt>{_e(label)}</dt><dd>{_e(value)}</dd>" for label, value in how_lines(report, language))
    rows = (
        f'<tr><td class="code">{_e(run.engine)}</td><td>{_e(moment(run.at))}</td><td>{_e(run_word(run, language))}</td>'
        f'<td class="number">{count}</td></tr>'
        for run, count in report.runs
    )
    heads = [word("tool", language), word("made_at", language), word("result", language), word("count", language)]
    runs = _section(word("runs", language), _table(heads, rows, "runs")) if report.files else ""
    return runs + _section(word("how", language), f"<dl>{lines}</dl>")
