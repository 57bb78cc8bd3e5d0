"""Which building step makes a record due: the longest group prefix decides. Rules only, no database."""

import pytest

from zhudang.filing.data_files import load
from zhudang.filing.domain.scope import due_of


@pytest.mark.parametrize(
    ("kind", "code", "step"),
    [
        ("building", "C5-12", "foundation"),
        ("building", "B1-1", "start"),
        ("building", "B1-10", "completion"),
        ("road", "D-6", "completion"),
        ("bridge", "E1-5", "acceptance"),
        ("bridge", "Z9", None),
    ],
)
def test_the_longest_prefix_says_which_step_makes_a_record_due(kind: str, code: str, step: str | None):
    rules = [rule for rule in load().due if rule.list_code == "gbt-50328-2014"]
    rule = due_of(kind, code, rules)
    assert (rule.milestone if rule else None) == step
