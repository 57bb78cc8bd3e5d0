"""Guess which document kind a file answers, from its folder and file names. Always pencil, never more.

Evidence: a code written in the name, the words of the scope titles (words and character pairs, rare ones
weigh more), the trade's short forms (data), the names of unit works in the folders. The confidence is
calibrated on a labelled set (tests/filing/labelled_names.csv), not a score dressed up as one.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import rjieba

Reason = tuple[str, Mapping[str, Any]]
"""What speaks for a title: a code and its particulars."""
SURE = 80
"""From this confidence on a person may confirm at a keystroke; below it they look first."""
LEAST = 15
"""Below this the system says nothing."""

_CODE = re.compile(r"(?<![A-Za-z0-9])([A-E]\d?(?:\.\d)?-(?:u\d\d|\d{1,2}))(?![\d.])")
_NOISE = re.compile(r"[0-9０-９A-Za-z#＃号_\-—－()（）\[\]【】《》\.,、，。\s~～+]+")
_DROP = frozenset(
    [
        "的",
        "及",
        "等",
        "和",
        "与",
        "或",
        "其",
        "文件",
        "资料",
        "记录",
        "报告",
        "扫描",
        "扫描件",
        "复印件",
        "最终",
        "终稿",
        "定稿",
        "盖章",
        "签字",
        "版",
        "新",
        "副本",
        "页",
        "份",
        "张",
        "第",
        "年",
        "月",
        "日",
        "层",
        "楼",
        "段",
        "区",
        "轴",
        "施工",
        "工程",
        "一",
        "二",
        "三",
        "四",
        "五",
        "六",
        "七",
        "八",
        "九",
        "十",
    ]
)
_FORMS = re.compile(
    "合同|协议|申请表|申请书|申请|报审表|报审|报验表|回复单|回复|通知单|通知书|通知|审查意见|评审意见|意见书|意见|布置图|详图|平面图|"
    "竣工图|清单|签到表|签到|发票|工资表|体检|登记|宣传册|规划|细则|月报|日志|总结|纪要|证书|许可证|方案|设计|说明书|合格证|名册|"
    "照片|一览表|汇总表|计划|记录|报告|书|表|单|图"
)
"""What a document calls itself at the end of its name; the last one found says what it is."""
_WEAK = frozenset(
    [
        "记录",
        "报告",
        "文件",
        "资料",
        "施工",
        "工程",
        "质量",
        "验收",
        "试验",
        "检测",
        "检查",
        "测量",
        "审查",
        "通知",
        "申请",
    ]
)


@dataclass(frozen=True)
class Target:
    """A document kind a file may answer: one obligation."""

    id: UUID
    code: str
    title: str
    unit_id: UUID
    part: str
    own: bool = True


@dataclass(frozen=True)
class Unit:
    """A unit work by the names people write in folders."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Named:
    """A file as far as its name tells."""

    folder: str
    name: str
    unit_id: UUID | None = None
    is_photo: bool = False


@dataclass(frozen=True)
class Guess:
    """A candidate in pencil: how sure, why, and the runners-up."""

    target_id: UUID
    confidence: int
    reasons: tuple[tuple[str, Mapping[str, Any]], ...]
    others: tuple[tuple[UUID, int], ...] = ()


_SAME = {ord("砼"): "混凝土", ord("＃"): "#", ord("（"): "(", ord("）"): ")", ord("　"): " "} | {
    code: chr(code - 0xFEE0) for code in range(0xFF10, 0xFF1A)
}


def normalise(text: str) -> str:
    """Bring variant writings together: full-width to half-width, 砼 to 混凝土, spaces away."""
    return text.translate(_SAME)


def _bare(text: str) -> str:
    """A text without numbers and codes."""
    return " ".join(_NOISE.sub(" ", normalise(text)).split())


def words_of(text: str) -> Counter[str]:
    """Words and character pairs of a text without numbers, codes and filler."""
    found: Counter[str] = Counter()
    for piece in _bare(text).split():
        for word in rjieba.cut(piece):
            if len(word) > 1 and word not in _DROP:
                found[word] += 1
        for pair in itertools.pairwise(piece):
            found["·" + "".join(pair)] += 1
    return found


def unit_key(text: str) -> set[str]:
    """The ways a unit work's name is shortened: 1# 住宅楼 -> 1#, 1#楼, 1号楼, 1#住宅楼."""
    bare = re.sub(r"\s+", "", normalise(text))
    keys = {bare}
    if match := re.match(r"(\d+|[A-Z]\d*)[#号]?(?:住宅|办公|教学|商业|综合)?(楼|栋|幢)", bare):
        keys |= {f"{match.group(1)}#", f"{match.group(1)}号{match.group(2)}", f"{match.group(1)}{match.group(2)}"}
    if match := re.match(r"(\d+)#", bare):
        keys |= {f"{match.group(1)}#", f"{match.group(1)}号楼", f"{match.group(1)}楼", f"{match.group(1)}#楼"}
    return {key for key in keys if len(key) > 1}


@dataclass
class Matcher:
    """Holds the targets of one project's party and guesses files against them."""

    targets: Sequence[Target]
    units: Sequence[Unit]
    synonyms: Mapping[str, str]
    _titles: dict[str, Counter[str]] = field(default_factory=dict)
    _rarity: dict[str, float] = field(default_factory=dict)
    _holders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_title: dict[str, list[Target]] = field(default_factory=lambda: defaultdict(list))
    _by_code: dict[str, list[Target]] = field(default_factory=lambda: defaultdict(list))
    _keys: list[tuple[str, UUID]] = field(default_factory=list)
    _shorts: list[str] = field(default_factory=list)
    _whole: dict[str, float] = field(default_factory=dict)
    _seen: dict[Any, dict[str, tuple[float, list[Reason]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for target in self.targets:
            self._by_title[target.title].append(target)
            self._by_code[target.code].append(target)
        for title in self._by_title:
            self._titles[title] = words_of(title)
            for word in self._titles[title]:
                self._holders[word].add(title)
        count = max(len(self._titles), 1)
        for word, holders in self._holders.items():
            weight = math.log(1 + count / len(holders))
            self._rarity[word] = (
                weight * (0.45 if word.startswith("·") else 1.0) * (0.35 if word.strip("·") in _WEAK else 1.0)
            )
        self._shorts = sorted(self.synonyms, key=len, reverse=True)
        self._whole = {t: sum(self._rarity[w] for w in words) or 1.0 for t, words in self._titles.items()}
        named = [(key, unit.id) for unit in self.units for key in unit_key(unit.name)]
        counts = Counter(key for key, _unit in named)
        self._keys = sorted(((k, u) for k, u in named if counts[k] == 1), key=lambda pair: -len(pair[0]))

    def unit_of(self, file: Named) -> tuple[UUID | None, str]:
        """The unit work a file belongs to, and how that is known: given, only, named or unknown."""
        if file.unit_id:
            return file.unit_id, "given"
        if len(self.units) == 1:
            return self.units[0].id, "only"
        text = re.sub(r"\s+", "", normalise(f"{file.name}/{file.folder}"))
        for key, unit in self._keys:
            if key in text:
                return unit, "named"
        return None, "unknown"

    def guess(self, file: Named) -> Guess | None:
        """The best candidate with its runners-up, or None when nothing speaks for any."""
        unit, how = self.unit_of(file)
        scores, evidence = self._score(file)
        if not scores:
            return None
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])[:4]
        best, top = ranked[0]
        second = ranked[1][1] if len(ranked) > 1 else 0.0
        target, sharing = self._pick(best, unit)
        if target is None:
            return None
        confidence = calibrated(top, top - second, coded=evidence[best][0][0] == "code")
        reasons = list(evidence[best])
        if how == "unknown" and sharing > 1:
            confidence = min(confidence, max(LEAST, round(100 / sharing)))
            reasons.append(("unit_unknown", {"units": sharing}))
        elif how == "named":
            reasons.append(("unit_named", {"unit": next(u.name for u in self.units if u.id == unit)}))
        if confidence < LEAST:
            return None
        rest = [(self._pick(title, unit)[0], score) for title, score in ranked[1:]]
        total = sum(math.exp(6 * score) for _title, score in ranked)
        left = 100 - confidence
        others = tuple(
            (t.id, min(left, round(100 * math.exp(6 * score) / total))) for t, score in rest if t is not None
        )
        return Guess(target.id, confidence, tuple(reasons), tuple(o for o in others if o[1] > 0))

    def _pick(self, title: str, unit: UUID | None) -> tuple[Target | None, int]:
        """The target with this title in the right unit work; and in how many unit works it is owed."""
        having = self._by_title[title]
        for target in having:
            if target.unit_id == unit:
                return target, 1
        if unit is None or not any(t.unit_id == unit for t in self.targets if t.title == title):
            return (having[0], len({t.unit_id for t in having})) if having else (None, 0)
        return None, 0

    def _score(self, file: Named) -> tuple[dict[str, float], dict[str, list[Reason]]]:
        """Score titles between 0 and 1, with what speaks for each."""
        stem = file.name.rsplit(".", 1)[0]
        folders = [f for f in re.split(r"[/\\]", file.folder) if f]
        expanded, said = self._expand(stem)
        forms = _FORMS.findall(normalise(stem))
        worded = self._worded(_bare(expanded), _bare(" ".join(folders[-2:])), tuple(said.items()), tuple(forms[-1:]))
        scores = {title: score for title, (score, _) in worded.items()}
        evidence = {title: [*reasons] for title, (_, reasons) in worded.items()}
        if coded := self._coded(stem, folders):
            title, where = coded
            scores[title] = 1.0
            by_code = ("code", {"code": self._by_title[title][0].code, "where": where})
            evidence[title] = [by_code, *evidence.get(title, ())]
        return scores, evidence

    def _worded(
        self, name: str, folder: str, said: tuple[tuple[str, str], ...], form: tuple[str, ...]
    ) -> Mapping[str, tuple[float, list[Reason]]]:
        """Score titles by words alone. Hundreds of files of a folder differ in their number only: looked up then."""
        key = (name, folder, said, form)
        if key not in self._seen:
            self._seen[key] = self._by_words(words_of(name), words_of(folder), dict(said), form)
        return self._seen[key]

    def _by_words(
        self, name: Counter[str], folder: Counter[str], said: Mapping[str, str], form: Sequence[str]
    ) -> dict[str, tuple[float, list[Reason]]]:
        told = [w for w in name if not w.startswith("·") and w not in _WEAK and w in self._holders]
        spoken = sum(self._rarity.get(w, 0.6 if w.startswith("·") else 1.2) for w in name) or 1.0
        found = {}
        for title in self._candidates(name, folder, said):
            score, shared = self._overlap(title, name, folder, spoken)
            if said.get(title):
                score = max(score, 0.78 + 0.2 * score)
            score -= self._against(title, told, form)
            if score > 0.0:
                found[title] = (score, _reasons(title, score, shared, said.get(title)))
        return found

    def _coded(self, stem: str, folders: Sequence[str]) -> tuple[str, str] | None:
        """A code of the list in the file name, else in the innermost folder that has one."""
        for where, text in [("name", stem), *(("folder", f) for f in reversed(folders))]:
            for code in _CODE.findall(text):
                if titles := {t.title for t in self._by_code.get(code, ())}:
                    return sorted(titles)[0], where
        return None

    def _expand(self, stem: str) -> tuple[str, dict[str, str]]:
        """Add what the trade's short forms mean; longest form first, each stretch counted once."""
        text, said, left = normalise(stem), {}, normalise(stem)
        for short in self._shorts:
            if short in left:
                means = self.synonyms[short]
                if means in self._titles:
                    said[means] = short
                left = left.replace(short, " ")
        return text, said

    def _candidates(self, name: Counter[str], folder: Counter[str], said: Iterable[str]) -> set[str]:
        found = set(said)
        for word in (*name, *folder):
            found |= self._holders.get(word, set())
        return found

    def _against(self, title: str, told: Sequence[str], forms: Sequence[str]) -> float:
        """What speaks against a title: words that belong to other titles, and another form at the end of the name."""
        words = self._titles[title]
        stray = [w for w in told if w not in words]
        against = min(3 * _STRAY, _STRAY * len(stray))
        if forms and not any(ch in title for ch in _meanings(forms[-1])):
            against += _OTHER_FORM
        return against

    def _overlap(self, title: str, name: Counter[str], folder: Counter[str], spoken: float) -> tuple[float, list[str]]:
        """How far name and title cover each other by rarity, folders counting a little.

        Args:
            spoken: the weight of everything the name says.
        """
        weight, whole = self._rarity, self._whole[title]
        shared, both, in_folder = [], 0.0, 0.0
        for word in self._titles[title]:
            if word in name:
                both += weight[word]
                if not word.startswith("·"):
                    shared.append(word)
            elif word in folder:
                in_folder += weight[word]
        if not both:
            return 0.35 * in_folder / whole, shared
        return 0.62 * both / whole + 0.28 * both / spoken + 0.10 * min(1.0, (both + in_folder) / whole), shared


def _meanings(form: str) -> tuple[str, ...]:
    """The endings a title may have when a name ends with this form."""
    same = {
        "图": ("图",),
        "平面图": ("图",),
        "书": ("书", "证", "报告"),
        "表": ("表", "记录"),
        "单": ("单", "书"),
        "申请表": ("申请", "报审"),
        "意见书": ("意见",),
        "设计": ("设计", "文件"),
        "报告": ("报告", "文件", "记录", "报审"),
        "记录": ("记录", "报告"),
        "证书": ("证", "文件"),
        "许可证": ("许可证",),
        "说明书": ("说明",),
    }
    return same.get(form, (form,))


def _reasons(title: str, score: float, shared: Sequence[str], short: str | None) -> list[Reason]:
    reasons: list[Reason] = []
    if short:
        reasons.append(("synonym", {"said": short, "title": title}))
    if score > 0.95:
        reasons.append(("title", {"title": title}))
    elif shared:
        reasons.append(("words", {"words": list(shared)}))
    elif not short:
        reasons.append(("pairs", {"title": title}))
    return reasons


_SLOPE, _MARGIN, _SHIFT = 7.0, 7.0, -4.0
_STRAY, _OTHER_FORM = 0.16, 0.55


def calibrated(score: float, margin: float, *, coded: bool) -> int:
    """Turn a score and its lead over the next candidate into a confidence in percent.

    The three numbers were fitted on tests/filing/labelled_names.csv; a test keeps them honest.
    """
    if coded:
        return 97
    return round(99 / (1 + math.exp(-(_SLOPE * score + _MARGIN * min(margin, 0.4) + _SHIFT))))
