"""Identifiers, as domain/identifiers.md gives them with their verdicts, and properties of the rules."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhudang.registry.domain import identifiers as ids
from zhudang.registry.domain.identifiers import Standing

TODAY = date(2026, 6, 17)


@pytest.mark.parametrize(
    ("text", "standing", "reasons"),
    [
        ("2403-500241-48-01-012345", Standing.VALID, ()),
        ("2509-320193-89-01-544060", Standing.VALID, ()),
        ("2018-500241-48-03-012345", Standing.LEGACY, ("project_code.year_form",)),
        ("2413-500241-48-01-012345", Standing.SUSPICIOUS, ("project_code.month",)),
        ("2403-500241-48-01-12345", Standing.INVALID, ("project_code.serial",)),
        (
            "2403-50024-4-01-12345",
            Standing.INVALID,
            ("project_code.area", "project_code.industry", "project_code.serial"),
        ),
        ("2403500241480112345", Standing.INVALID, ("project_code.groups",)),
        ("", Standing.INVALID, ("project_code.missing",)),
        ("２４０３－５００２４１－４８－０１－０１２３４５ ", Standing.VALID, ()),
    ],
)
def test_a_project_code_is_judged_as_the_sources_say(text, standing, reasons):
    verdict = ids.check_project_code(text)
    assert (verdict.standing, verdict.reasons) == (standing, reasons)


def test_an_area_missing_from_the_installations_table_is_only_a_warning():
    verdict = ids.check_project_code("2403-500241-48-01-012345", known_areas={"990241"})
    assert verdict.standing is Standing.SUSPICIOUS
    assert verdict.reasons == ("area.unknown",)


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("500241202403220101", Standing.VALID),
        ("500241202402300101", Standing.INVALID),
        ("50024120240322011", Standing.INVALID),
        ("500241202703220101", Standing.INVALID),
        ("[2018]施[朝]建字0072号", Standing.LEGACY),
        ("［２０１８］施［朝］建字００７２号", Standing.LEGACY),
        ("[2038]施[朝]建字0072号", Standing.INVALID),
    ],
)
def test_a_construction_permit_is_eighteen_digits_with_a_real_day_or_a_local_form(text, standing):
    assert ids.check_construction_permit(text, today=TODAY).standing is standing


@pytest.mark.parametrize(
    ("text", "letter", "standing"),
    [
        ("建字第500241202400012号", "建", Standing.VALID),
        ("建字第32058320250012号", "建", Standing.VALID),
        ("建字第5002412024GG0000123号", "建", Standing.VALID),
        ("地字第5002412024YG0000123号", "地", Standing.VALID),
        ("用字第5002412024XS0000123号", "用", Standing.VALID),
        ("乡字第5002412024XG0000123号", "乡", Standing.VALID),
        ("建字第5002412024YG0000123号", "建", Standing.SUSPICIOUS),
        ("建字第500241240012号", "建", Standing.INVALID),
        ("地字第500241202400012号", "建", Standing.INVALID),
        ("建字第500241203100012号", "建", Standing.INVALID),
    ],
)
def test_a_planning_number_is_judged_by_its_letter_and_year(text, letter, standing):
    assert ids.check_planning_number(text, letter=letter, today=TODAY).standing is standing


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("500241001001GB00001F00010001", Standing.VALID),
        ("500241 001001 GB00001 W00000000", Standing.VALID),
        ("500241001001GB00001W00010001", Standing.INVALID),
        ("500241001001GB00001F0001000", Standing.INVALID),
        ("450103001001GB00001", Standing.LEGACY),
    ],
)
def test_a_realty_unit_has_twenty_eight_characters(text, standing):
    assert ids.check_realty_unit(text).standing is standing


def test_a_realty_unit_is_printed_with_blanks_and_stored_without():
    printed = ids.print_realty_unit("500241001001GB00001F00010001")
    assert printed == "500241 001001 GB00001 F00010001"
    assert ids.check_realty_unit(printed).value == "500241001001GB00001F00010001"


def test_a_county_is_needed_where_a_county_is_needed():
    assert ids.check_area_code("500000", county=True).reasons == ("area.not_county",)
    assert ids.check_area_code("50024", county=True).reasons == ("area.form",)


CODES = st.from_regex(r"[0-9]{4}-[0-9]{6}-[0-9]{2}-[0-9]{2}-[0-9]{6}", fullmatch=True)


@given(CODES)
def test_every_well_formed_code_may_be_kept(code):
    assert ids.check_project_code(code).acceptable


@given(st.text(max_size=60))
def test_judging_never_fails_and_normalising_twice_changes_nothing(text):
    once = ids.normalise(text)
    assert ids.normalise(once) == once
    for verdict in (
        ids.check_project_code(text),
        ids.check_works_code(text),
        ids.check_realty_unit(text),
        ids.check_area_code(text),
        ids.check_national_number(text, today=TODAY),
        *(ids.check_permit(kind, text, today=TODAY) for kind in ids.PermitKind),
    ):
        assert (verdict.standing is Standing.VALID) == (not verdict.reasons)


@given(CODES, st.sampled_from([" ", "　", "\t", "\n"]))
def test_blanks_width_and_dashes_change_no_verdict(code, blank):
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else "－" for c in code)
    written = blank + wide[:7] + blank + wide[7:]
    assert ids.check_project_code(written) == ids.check_project_code(code)


@given(CODES, st.integers(0, 23), st.sampled_from("ABxz甲٣"))
def test_a_code_with_a_foreign_character_is_refused(code, place, foreign):
    broken = code[:place] + foreign + code[place + 1 :]
    assert not ids.check_project_code(broken).acceptable
