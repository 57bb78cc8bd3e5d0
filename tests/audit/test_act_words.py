"""Every act the code writes to the log has a name for people."""

import ast
import re
from pathlib import Path

from zhudang.audit.act_words import ACTS
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


def test_facts_are_written_for_people_and_an_unknown_act_keeps_its_code():
    data = {"sites": ["a", "b"], "facts": {"medium": "tape", "worm": True}, "none": None, "many": []}
    row = EntryRow("0", 1, None, "keeper", "x.y.z", "s", data)  # type: ignore[arg-type]
    assert row.act_word == ""
    assert dict(row.facts) == {"sites": "a、b", "facts": "medium tape、worm 是", "none": "—", "many": "—"}
    assert dict(EntryRow("0", 1, None, "", "", "", {"long": "x" * 200}).facts)["long"].endswith("…")  # type: ignore[arg-type]
