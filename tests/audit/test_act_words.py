"""Every act the code writes to the log, and every fact of it, has a name for people."""

import ast
import re
from pathlib import Path

from django.utils import translation

from zhudang.audit.act_words import ACTS
from zhudang.audit.fact_words import FACTS
from zhudang.audit.queries import EntryRow

SOURCE = Path(__file__).resolve().parents[2] / "src" / "zhudang"
AN_ACT = re.compile(r"[a-z]+(\.[a-z_]+){2}")


def acts_written() -> set[str]:
    """The acts that stand in the code as such: `act="…"` in a call, whatever the call."""
    told = set()
    for path in SOURCE.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
            given = [keyword.value for keyword in call.keywords if keyword.arg == "act"]
            parts = [part for value in given for part in ast.walk(value) if not isinstance(value, ast.JoinedStr)]
            told |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return {act for act in told if AN_ACT.fullmatch(act)}


def test_every_act_in_the_code_has_a_name():
    written = acts_written()
    assert len(written) > 70, "the acts were not found"
    assert sorted(written - set(ACTS)) == []


def facts_written() -> set[str]:
    """The keys that stand in the code as such: `data={"…": …}` in a call that names an act."""
    told = set()
    for path in SOURCE.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            if "act" in given and isinstance(data := given.get("data"), ast.Dict):
                told |= {key.value for key in data.keys if isinstance(key, ast.Constant)}
    return told


def test_every_fact_in_the_code_has_a_name():
    written = facts_written()
    assert len(written) > 100, "the facts were not found"
    assert sorted(written - set(FACTS)) == []


def test_facts_are_written_for_people_and_what_is_unknown_keeps_its_code():
    data = {"sites": ["a", "b"], "facts": {"medium": "tape", "worm": True}, "of_later": None, "copies": []}
    row = EntryRow("0", 1, None, "keeper", "x.y.z", "s", data)  # type: ignore[arg-type]
    assert row.act_word == ""
    told = {fact.name: fact.value for fact in row.facts}
    assert told == {"存储地": "a、b", "情况": "载体 tape、一次写入 是", "of_later": "—", "份数": "—"}
    assert [fact.key for fact in row.whole_facts] == list(data)
    with translation.override("en"):
        told = {fact.name: fact.value for fact in row.whole_facts}
        assert told == {"Site": "a, b", "Facts": "Medium tape, Write-once yes", "of_later": "—", "Copies": "—"}
    (long,) = EntryRow("0", 1, None, "", "", "", {"long": "x" * 200}).facts  # type: ignore[arg-type]
    assert long.value.endswith("…")
