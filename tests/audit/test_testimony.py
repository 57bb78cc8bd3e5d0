"""A witness read line by line says what it said when it was read into memory whole."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhudang.audit import testimony as witnessed

HEADS = st.integers(1, 5)
STEPS = st.lists(st.one_of(HEADS, st.tuples(st.just("restored"), st.floats(0, 1))), max_size=25)


def leaf(number: int, turn: int) -> str:
    return f"{number:08x}{turn:08x}"


@given(steps=STEPS, torn=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_restores_made_void_is_left_out_and_the_rest_comes_in_order(
    tmp_path: Path, steps: list[int | tuple[str, float]], torn: bool
) -> None:
    lines, leaves, heads, last, lost = [], {}, {}, 0, 0
    for turn, step in enumerate(steps):
        if isinstance(step, int):
            numbers = range(last + 1, last + step + 1)
            told = {number: leaf(number, turn) for number in numbers}
            leaves |= told
            last += step
            heads[last] = f"head-{last}-{turn}"
            lines.append({"first": numbers[0], "last": last, "head": heads[last], "at": "", "leaves": [*told.values()]})
        else:
            last = int(step[1] * last)
            lost += sum(number > last for number in leaves)
            leaves = {number: each for number, each in leaves.items() if number <= last}
            heads = {number: each for number, each in heads.items() if number <= last}
            lines.append({"restored_to": last, "head": "", "at": "", "backup": "b"})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "audit-heads-202611.jsonl").write_text(text + ('{"first": 1, "la' if torn else ""))

    testimony = witnessed.Testimony.of(tmp_path)
    told_again = [*testimony.told()]
    assert {each.number: each.leaf for each in told_again} == leaves
    assert {each.number: each.head for each in told_again if each.head} == heads
    assert {line.last: line.head for line in testimony.heads_told()} == heads
    assert not any(line.leaves for line in testimony.heads_told()), "a thousand heads at a time are held in memory"
    assert [each.number for each in told_again] == sorted(each.number for each in told_again)
    report = testimony.report()
    assert (report.heads, report.last_number, report.lost_by_restore) == (len(heads), max(heads, default=0), lost)


def test_what_is_written_after_the_first_reading_is_no_part_of_the_testimony(tmp_path: Path) -> None:
    path = tmp_path / "audit-heads-202611.jsonl"
    line = {"first": 1, "last": 1, "head": "a", "at": "", "leaves": ["b"]}
    path.write_text(json.dumps(line) + "\n")
    testimony = witnessed.Testimony.of(tmp_path)
    with path.open("a") as stream:
        stream.write(json.dumps({**line, "first": 2, "last": 2}) + "\n")
    assert [told.number for told in testimony.told()] == [1]
