"""The E-ARK Foundation's own validator: structure, METS schema, and the Schematron rules of CSIP.

It fetches four vocabularies from the network when it is loaded, and there is none: it is given the terms of CSIP 2.1.
"""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from zhudang.checks.packages.eark import CATEGORIES, PACKAGE_TYPES, STATUSES

VOCABULARIES = {
    "CSIPVocabularyContentCategory.xml": CATEGORIES,
    "CSIPVocabularyContentInformationType.xml": {"MIXED", "OTHER", "ERMS", "SIARD2", "GeoData"},
    "CSIPVocabularyOAISPackageType.xml": PACKAGE_TYPES,
    "CSIPVocabularyStatus.xml": STATUSES,
}


def judged_by_eark(package: Path) -> dict[str, list[str]]:
    """What the validator says against a package, by severity; it must be a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urllib.request, "urlopen", _terms)
        from eark_validator.model import Severity
        from eark_validator.packages import PackageValidator
    report = PackageValidator(package).validation_report
    found: dict[str, list[str]] = {}
    messages = [*report.structure.messages]
    if report.metadata:
        messages += [*report.metadata.schema_results.messages, *report.metadata.schematron_results.messages]
    for each in messages:
        if each.severity != Severity.INFORMATION:
            found.setdefault(each.severity.name.lower(), []).append(f"{each.rule_id}: {each.message}")
    if report.metadata is None:
        found.setdefault("error", []).append("not looked at")
    return found


def _terms(address: str) -> Iterator[bytes]:
    for term in sorted(VOCABULARIES[address.rsplit("/", 1)[-1]]):
        yield f"<Term>{term}</Term>".encode()
