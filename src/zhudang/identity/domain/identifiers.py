"""Identifiers of organisations and people: 统一社会信用代码, the older codes it replaced, 居民身份证.

Sources: GB 32100-2015, GB 11714, GB 11643-1999; domain/identifiers.md sections 1 and 2.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from stdnum.cn import ric, uscc

from zhudang.shared.refusals import Reason

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_OLDEST_PLAUSIBLE_BIRTH = 1900


class CodeForm(StrEnum):
    """Which kind of code a person typed."""

    CREDIT = "credit"
    LEGACY_ORGANISATION = "legacy_organisation"
    """9 characters: 组织机构代码."""
    LEGACY_LICENCE = "legacy_licence"
    """15 digits: 工商注册号."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CodeVerdict:
    """What a code is, in its normal form, with everything against it.

    `errors` keep it from being stored; `warnings` are told and stored beside it.
    """

    value: str
    form: CodeForm
    errors: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def is_legacy(self) -> bool:
        return self.form in {CodeForm.LEGACY_ORGANISATION, CodeForm.LEGACY_LICENCE}


def normalise(text: str) -> str:
    """Bring a code as people type it into its normal form: NFKC, upper case, without blanks and hyphens."""
    return re.sub(r"[\s\-‐-―−]", "", unicodedata.normalize("NFKC", text)).upper()


def check_organisation_code(text: str) -> CodeVerdict:
    """Judge a credit code, or one of the codes used before it, which are accepted as legacy."""
    code = normalise(text)
    if len(code) == 9:
        return _check_legacy_organisation(code)
    if len(code) == 15 and code.isascii() and code.isdigit():
        return CodeVerdict(code, CodeForm.LEGACY_LICENCE)
    if len(code) != 18:
        return CodeVerdict(code, CodeForm.UNKNOWN, (Reason("identity.code_length", {"length": len(code)}),))
    return _check_credit_code(code)


def _check_credit_code(code: str) -> CodeVerdict:
    if strange := sorted({character for character in code if character not in _CREDIT_ALPHABET}):
        reason = Reason("identity.code_alphabet", {"characters": "、".join(strange)})
        return CodeVerdict(code, CodeForm.CREDIT, (reason,))
    errors = []
    if not code[2:8].isdigit():
        errors.append(Reason("identity.code_area", {"area": code[2:8]}))
    expected = uscc.calc_check_digit(code[:17])
    if code[17] != expected:
        errors.append(Reason("identity.code_check", {"expected": expected, "found": code[17]}))
    warnings = []
    part = organisation_check(code[8:16])
    if not errors and code[16] != part:
        warnings.append(Reason("identity.code_organisation_part", {"expected": part, "found": code[16]}))
    return CodeVerdict(code, CodeForm.CREDIT, tuple(errors), tuple(warnings))


def _check_legacy_organisation(code: str) -> CodeVerdict:
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", code):
        return CodeVerdict(code, CodeForm.LEGACY_ORGANISATION, (Reason("identity.legacy_code_shape", {}),))
    expected = organisation_check(code[:8])
    warnings = (
        ()
        if code[8] == expected
        else (Reason("identity.code_organisation_part", {"expected": expected, "found": code[8]}),)
    )
    return CodeVerdict(code, CodeForm.LEGACY_ORGANISATION, warnings=warnings)


def organisation_check(body: str) -> str:
    """Check character of the eight characters of an organisation code (GB 11714)."""
    total = sum(int(character, 36) * weight for character, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    remainder = 11 - total % 11
    return {10: "X", 11: "0"}.get(remainder, str(remainder))


@dataclass(frozen=True)
class PersonVerdict:
    """What a resident identity number is; `masked` is the only form that may be shown or logged."""

    value: str
    masked: str
    is_legacy: bool = False
    errors: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()


def check_resident_number(text: str) -> PersonVerdict:
    """Judge a resident identity number; the 15-digit form of before 1999 is accepted as legacy."""
    number = normalise(text)
    masked = mask(number)
    if re.fullmatch(r"\d{15}", number):
        day = _birth(f"19{number[6:12]}")
        errors = () if day else (Reason("identity.resident_birth", {}),)
        return PersonVerdict(number, masked, True, errors)
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return PersonVerdict(number, masked, False, (Reason("identity.resident_shape", {"length": len(number)}),))
    found, warned = [], []
    expected = ric.calc_check_digit(number)
    if number[17] != expected:
        found.append(Reason("identity.resident_check", {"expected": expected, "found": number[17]}))
    day = _birth(number[6:14])
    if day is None:
        found.append(Reason("identity.resident_birth", {}))
    elif day.year < _OLDEST_PLAUSIBLE_BIRTH:
        warned.append(Reason("identity.resident_birth_implausible", {"year": day.year}))
    return PersonVerdict(number, masked, False, tuple(found), tuple(warned))


def mask(number: str) -> str:
    """A resident number as it may be shown: first six and last four."""
    return f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}" if len(number) >= 15 else "*" * len(number)


def _birth(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
