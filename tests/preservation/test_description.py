"""What an object says of its volume: the JSON and the XML say the same, in Chinese."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.utils import translation
from lxml import etree

from zhudang.filing import words as filing_words
from zhudang.filing.domain import describing
from zhudang.preservation.domain import description
from zhudang.preservation.formats import paths
from zhudang.registry.models import Permit, WorksKind

NAME = f"{{{description.XML_NAMESPACE}}}"
PERMITS = [
    {"kind": kind, "number": f"证{position}", "issued_on": f"2024-01-0{position}", "issuer": "自然资源局"}
    for position, kind in enumerate(Permit.Kind.values, 1)
]
NESTED = {"too_thick": True, "not_applicable": [{"title": "钎探记录", "reason": "桩基础", "code": "C5-13"}]}


def full() -> dict[str, Any]:
    """A description in which every field has a value of its own."""

    def each(of: str, labels: Mapping[str, str], **more: Any) -> dict[str, Any]:
        words = description.WORDS.get(of, {})
        told = {key: sorted(words[key])[-1] if key in words else f"{of} {key}" for key in labels}
        return {**told, **({"level": 2} if "level" in told else {}), **more}

    rendition = each("rendition", description.RENDITION_LABELS, parameters={"dpi": 300}, figures={"pixels": 63})
    file = each("file", description.FILE_LABELS, renditions=[rendition, {**rendition, "id": "another"}])
    record = each("record", description.RECORD_LABELS, has_paper=True, files=[file, {**file, "renditions": []}])
    links = each(
        "link",
        description.LINK_LABELS,
        parts=[each("part", description.PART_LABELS)],
        transfers=[each("transfer", description.TRANSFER_LABELS)],
        documents=[each("document", description.DOCUMENT_LABELS)],
    )
    return description.describe_volume(
        each("project", description.PROJECT_LABELS, former_names=["旧名甲", "旧名乙"], permits=PERMITS),
        each("volume", description.VOLUME_LABELS, note=NESTED),
        [record, {**record, "id": "second", "has_paper": False}],
        links,
    )


def leaves(value: Any) -> Iterator[str]:
    """Every value of a JSON document, as the XML keeps it: its text, or its code."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    elif value not in (None, ""):
        yield str(value).lower() if isinstance(value, bool) else str(value)


def told_by_xml(root: Any) -> list[str]:
    bools = {"是": "true", "否": "false"}
    return sorted(
        element.get("code") or bools.get(element.text, element.text)
        for element in root.iter()
        if element.text and element.text.strip()
    )


def test_the_xml_holds_every_value_of_the_json_as_often_as_it_does() -> None:
    described = full()
    root = etree.fromstring(description.as_xml(described))
    of_json = [described[name] for name in ("links", "project", "volume", "records")]
    assert told_by_xml(root) == sorted(leaves(of_json))
    assert root.get("version") == described["format"] == "zhudang-description/2"


def test_a_code_stands_beside_its_chinese_word_and_no_element_has_a_latin_name_of_a_field() -> None:
    root = etree.fromstring(description.as_xml(full()))
    [kind] = root.iter(f"{NAME}工程类型")
    assert (kind.text, kind.get("code")) == ("道路", "road")
    assert [(each.text, each.get("code")) for each in root.iterfind(f"{NAME}工程/{NAME}密级")] == [("秘密", "2")]
    assert {each.text for each in root.iter(f"{NAME}曾用名")} == {"旧名甲", "旧名乙"}
    for wanted in ("用地规划许可证号", "工程规划许可证号", "施工许可证号", "选址意见书号", "乡村规划许可证号"):
        assert len(list(root.iter(f"{NAME}{wanted}"))) == 1
    manuscript = next(root.iter(f"{NAME}稿本"))
    assert (manuscript.text, manuscript.get("code")) == ("正本", "original")
    for element in root.iter():
        if code := element.get("code"):
            assert re.search("[\u4e00-\u9fff]", element.text), (element.tag, code)


def test_the_schema_takes_what_is_written_and_nothing_else() -> None:
    schema = etree.XMLSchema(etree.fromstring(description.schema_of_xml()))
    root = etree.fromstring(description.as_xml(full()))
    schema.assertValid(root)
    etree.SubElement(root[0], f"{NAME}别的").text = "x"
    assert not schema.validate(root)


def test_every_code_of_a_description_has_the_word_that_pages_show() -> None:
    record, volume = description.WORDS["record"], description.WORDS["volume"]
    pairs = (
        (record["carrier"], filing_words.CARRIERS), (record["origin"], filing_words.ORIGINS),
        (record["retention"], filing_words.RETENTIONS), (record["manuscript"], filing_words.MANUSCRIPTS),
        (record["copy_kind"], filing_words.COPY_KINDS), (volume["part"], filing_words.PART_TITLES),
        (description.WORDS["file"]["part"], filing_words.PART_OF_RECORD),
        (description.WORDS["project"]["kind"], dict(WorksKind.choices)),
        (description.WORDS["permit"]["kind"], dict(Permit.Kind.choices)),
    )  # fmt: skip
    with translation.override("zh-hans"):
        for words, shown in pairs:
            assert words == {code: str(word) for code, word in shown.items()}
    assert set(record["manuscript"]) == set(describing.MANUSCRIPTS)
    assert set(description.WORDS["rendition"]["check"]) == {paths.PIXELS, paths.CHARACTERS, paths.CELLS}
    assert {int(level) for level in record["level"]} == set(filing_words.LEVELS)


@pytest.mark.parametrize("value", ["\x00甲\x0b乙", '<甲 & "乙">'])
def test_whatever_people_typed_makes_well_formed_xml(value: str) -> None:
    described = full()
    described["volume"]["title"] = value
    described["records"][0]["manuscript"] = value
    root = etree.fromstring(description.as_xml(described))
    safe = description.xml_safe(value)
    assert next(root.iter(f"{NAME}案卷题名")).text == safe
    assert next(root.iter(f"{NAME}稿本")).get("code") == safe
