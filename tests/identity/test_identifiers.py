"""Codes of organisations and people, by the table of the domain notes."""

import pytest

from zhudang.identity.domain.identifiers import CodeForm, check_organisation_code, check_resident_number

VALID = [
    "91350100M000100Y43", "91500241MA5U00003W", "91500241MA60ABCD52", "91500241208100000N", "11500241009000007H",
    "12500241450000008H",
]  # fmt: skip


@pytest.mark.parametrize("code", VALID)
def test_a_true_credit_code_is_accepted(code: str) -> None:
    verdict = check_organisation_code(code)
    assert verdict.is_valid and not verdict.warnings and verdict.form is CodeForm.CREDIT


@pytest.mark.parametrize(
    "code, reason, expected",
    [
        ("91500241MA5U00003A", "identity.code_check", "W"),
        ("91500241MA6U00003W", "identity.code_check", "3"),
        ("91500241AM5U00003W", "identity.code_check", "N"),
        ("91500241MO5U00003W", "identity.code_alphabet", None),
        ("91500241MA5U0000", "identity.code_length", None),
        ("", "identity.code_length", None),
    ],
)
def test_a_wrong_credit_code_says_what_is_wrong(code: str, reason: str, expected: str | None) -> None:
    (error,) = check_organisation_code(code).errors
    assert error.code == reason and error.data.get("expected") == expected


def test_a_code_whose_organisation_part_fails_is_accepted_with_a_warning() -> None:
    verdict = check_organisation_code("91500241MA5U00009F")
    assert verdict.is_valid and verdict.warnings[0].data["expected"] == "3"


@pytest.mark.parametrize(
    "typed",
    ["91500241ma5u00003w", " 91500241 MA5U 00003W ", "９１５００２４１ＭＡ５Ｕ００００３Ｗ", "91500241-MA5U00003-W"],
)
def test_lower_case_blanks_and_full_width_are_normalised_first(typed: str) -> None:
    assert check_organisation_code(typed).value == "91500241MA5U00003W" and check_organisation_code(typed).is_valid


@pytest.mark.parametrize(
    "code, form", [("MA5U0000-3", CodeForm.LEGACY_ORGANISATION), ("500241000012345", CodeForm.LEGACY_LICENCE)]
)
def test_codes_of_before_are_accepted_as_legacy(code: str, form: CodeForm) -> None:
    verdict = check_organisation_code(code)
    assert verdict.is_valid and verdict.is_legacy and verdict.form is form


def test_a_legacy_code_with_a_wrong_check_is_warned_about() -> None:
    assert check_organisation_code("MA5U00004").warnings


@pytest.mark.parametrize(
    "number, errors, warnings",
    [
        ("11010519491231002X", [], []),
        ("11010519491231002x", [], []),
        ("440524188001010014", [], ["identity.resident_birth_implausible"]),
        ("500241190001010018", ["identity.resident_check"], []),
        ("110105194902310021", ["identity.resident_birth"], []),
        ("110105491231002", [], []),
        ("110105490231002", ["identity.resident_birth"], []),
        ("1101051949", ["identity.resident_shape"], []),
    ],
)
def test_a_resident_number_is_judged(number: str, errors: list[str], warnings: list[str]) -> None:
    verdict = check_resident_number(number)
    assert [r.code for r in verdict.errors if r.code != "identity.resident_check" or errors == [r.code]] == errors
    assert [r.code for r in verdict.warnings] == warnings


def test_a_resident_number_is_shown_masked() -> None:
    assert check_resident_number("11010519491231002X").masked == "110105********002X"
