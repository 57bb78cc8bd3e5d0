"""What the report's renderings say, in both languages; numbers and names come from `CheckReport`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from zhudang.checks.check_report import CheckReport, Run
from zhudang.checks.item_results import RESULTS, Result
from zhudang.checks.model import Verdict
from zhudang.checks.rules import STAGES

VERDICTS = {
    Verdict.PASS: ("通过", "pass"),
    Verdict.WARN: ("提示", "warning"),
    Verdict.FAIL: ("不通过", "fail"),
    Verdict.MANUAL: ("待人工", "for a person"),
    Verdict.NOT_CHECKED: ("未检测", "not checked"),
}
WORDS = {
    "report": ("四性检测报告", "Check report (four properties)"),
    "files": ("文件", "Files"),
    "items": ("检测项目", "Items of the standard"),
    "findings": ("检测发现", "Findings"),
    "not_checked": ("没有查的", "Not checked"),
    "how": ("用什么查的", "What checked"),
    "runs": ("结果出自", "Results stem from"),
    "item": ("项号", "Item"),
    "name": ("检测项", "What is asked"),
    "compared": ("与什么比", "Compared with"),
    "result": ("结果", "Result"),
    "reason": ("依据", "On what grounds"),
    "code": ("代码", "Code"),
    "subject": ("对象", "Subject"),
    "message": ("发现与改法", "Finding and cure"),
    "severity": ("程度", "Weight"),
    "file": ("文件", "File"),
    "format": ("格式", "Format"),
    "size": ("字节", "Bytes"),
    "verdict": ("结论", "Verdict"),
    "count": ("文件数", "Files"),
    "tool": ("工具", "Tool"),
    "version": ("版本", "Version"),
    "rules": ("规则", "Rules"),
    "signatures": ("格式特征库 PRONOM", "Format signatures, PRONOM"),
    "scanner": ("查毒程序", "Malware scanner"),
    "profile": ("本馆配置", "City profile"),
    "requirements": ("模型信息交付要求 IDS", "Requirements on models, IDS"),
    "models": ("对照了 {} 个模型", "models held against it: {}"),
    "trust": ("信任锚", "Trust anchors"),
    "stage": ("阶段", "Stage"),
    "made_at": ("出具时间", "Made"),
    "isolation": ("检测进程隔离", "Isolation of the parsers"),
    "none": ("没有", "none"),
    "absent": ("未安装", "not installed"),
    "configured": ("已配置", "configured"),
    "as_delivered": ("未用，按出厂规则", "none, rules as delivered"),
    "cure": ("改法：", "Cure: "),
    "fresh": ("本次检测", "checked this time"),
    "carried": ("沿用：改动影响不到", "carried over: the correction could not affect it"),
    "nothing_found": ("没有发现。", "Nothing was found."),
    "all_decided": ("各文件该查的都查了。", "Nothing was left out for any file."),
    "all_stages": ("不分阶段，全部项目", "no stage named: all items"),
    "business": ("业务审查", "Business review"),
    "for_a_person": (
        "不属于四性，由人看过再定，不挡归档",
        "none of the four properties; a person decides, nothing is kept from filing",
    ),
    "of_frame": ("DA/T 70-2018 的 45 项；项名与位置有待持有标准者核对", "DA/T 70-2018, 45 items; names and places to be confirmed by a holder of the standard"),
}  # fmt: skip


def word(key: str, language: str) -> str:
    """One word or label of the report."""
    return WORDS[key][_place(language)]


def verdict_word(verdict: str, language: str) -> str:
    return VERDICTS[Verdict(verdict)][_place(language)]


def result_word(result: str, language: str) -> str:
    return RESULTS[Result(result)][_place(language)]


def stage_word(stage: str, language: str) -> str:
    return f"{stage} {STAGES[stage][_place(language)]}" if stage else word("all_stages", language)


def run_word(run: Run, language: str) -> str:
    """Whether a run's results are of this time or carried over."""
    return word("carried" if run.carried else "fresh", language)


def moment(at: datetime | None) -> str:
    """A moment for the report: 2026-06-17 14:05 +08:00."""
    if at is None:
        return "—"
    text = at.isoformat(sep=" ", timespec="minutes")
    return f"{text[:16]} {text[16:]}" if at.tzinfo else text


def opening(report: CheckReport, language: str) -> str:
    """The sentence the reader came for."""
    counts = report.counts
    verdicts, items = counts["verdicts"], counts["items"]
    if language == "en":
        head = f"{counts['files']} files: " + (
            f"{verdicts['fail']} must be corrected" if verdicts["fail"] else "none must be corrected"
        )
        rest = f"{verdicts['manual']} wait for a person, {verdicts['warn']} carry warnings, {verdicts['not_checked']} were not checked"
        return f"{head}; {rest}. Of 45 items {items['pass']} passed, {items['fail']} failed, {items['not_checked']} were not run."
    head = f"{counts['files']} 个文件：" + (f"{verdicts['fail']} 个须更正" if verdicts["fail"] else "没有须更正的")
    rest = f"{verdicts['manual']} 个待人工，{verdicts['warn']} 个有提示，{verdicts['not_checked']} 个未检测"
    return (
        f"{head}；{rest}。45 项中 {items['pass']} 项通过，{items['fail']} 项不通过，{items['not_checked']} 项未执行。"
    )


def carried_sentence(report: CheckReport, language: str) -> str:
    """What a re-check took over; empty when everything was checked this time."""
    carried = report.counts["carried"]
    if not carried:
        return ""
    fresh = len(report.files) - carried
    days = sorted({moment(run.at)[:10] for run, _ in report.runs if run.carried and run.at})
    since = "、".join(days) if language != "en" else ", ".join(days)
    if language == "en":
        return f"Re-check: {fresh} files the change could affect were checked, {carried} results were carried over from {since}."
    return f"复检：改动所及的 {fresh} 个文件重新检测，{carried} 个文件的结果沿用 {since} 的检测。"


def how_lines(report: CheckReport, language: str) -> list[tuple[str, str]]:
    """Tool, signature files, scanner, profile, anchors and parsers: label and value."""
    tool, settings = report.tool, report.settings
    scanner, city = settings.get("scanner"), settings.get("profile") or {}
    lines = [
        (word("tool", language), f"{tool.get('name', '')} {tool.get('version') or ''}".strip()),
        (word("rules", language), str(tool.get("rules", "—"))),
        (word("signatures", language), "；".join(str(each) for each in (tool.get("pronom") or {}).values()) or "—"),
        (word("scanner", language), str(scanner) if scanner else word("none", language)),
        (word("profile", language), _profile(city, language)),
        (word("trust", language), word("configured" if settings.get("trust") else "none", language)),
        (word("stage", language), stage_word(report.stage, language)),
    ]
    lines += [
        (
            word("requirements", language),
            f"{name} · SHA-256 {digest or '—'} · {word('models', language).format(models)}",
        )
        for name, digest, models in report.requirements
    ]
    if (held := settings.get("isolation")) is not None:
        lines.append((word("isolation", language), isolation_words(held, language)))
    parsers = tool.get("parsers") or {}
    lines += [(name, str(version or word("absent", language))) for name, version in parsers.items()]
    return lines


def _profile(city: Mapping[str, Any], language: str) -> str:
    return f"{city['name']} · SHA-256 {city['sha256']}" if city.get("sha256") else word("as_delivered", language)


def _place(language: str) -> int:
    return 1 if language == "en" else 0


ISOLATION = {
    "network": ("断网", "no network"),
    "users": ("单独的用户空间", "users of its own"),
    "rights": ("只留读取权", "no rights but reading"),
    "no_new_privileges": ("不能提权", "none to be gained"),
}


def isolation_words(held: Sequence[str], language: str) -> str:
    """What cut the parsers off; 未隔离 where the network stayed within reach."""
    place = 1 if language == "en" else 0
    told = ("、", ", ")[place].join(ISOLATION[each][place] for each in held if each in ISOLATION)
    if "network" in held:
        return told
    return ("未隔离" if not place else "not isolated") + (f"（{told}）" if told else "")


PACKAGE_KINDS = {
    "transfer": ("移交信息包", "transfer package"),
    "bagit": ("BagIt 包", "BagIt bag"),
    "ocfl": ("OCFL 对象", "OCFL object"),
    "eep": ("电子文件封装包（DA/T 48）", "encapsulated record (DA/T 48)"),
    "eark": ("E-ARK 信息包", "E-ARK package"),
}


def package_kind(kind: str, language: str = "zh") -> str:
    """A kind of information package in words; an unknown one as it is."""
    return PACKAGE_KINDS.get(kind, (kind, kind))[1 if language == "en" else 0]
