"""Plain text, XML, JSON and web pages, good and bad."""

from __future__ import annotations

from samples.checks.making import Maker, text

PARAGRAPH = (
    "本工程位于云溪县城北，地上十八层，地下二层，结构形式为框架剪力墙，由青石公司施工，监理单位全程旁站，验收合格。\n"
)

BAD: dict[str, Maker] = {
    "TXT-001": text("odd.txt", b"\x81 \xff\xfe\x81\x00\x81 abc" * 9),
    "TXT-002": text("mixed.txt", b"line\n" * 60000 + "乱码".encode() + b"\xff\xff\xc0"),
    "TXT-003": text("big5.txt", "這個工程的竣工圖由設計單位編制，監理單位審查。".encode("big5") * 20),
    "TXT-004": text("rows.csv", b"a,b,c\n" + b"1,2,3\n" * 8 + b"1,2"),
    "TXT-005": text("uneven.csv", b"a,b,c\n" + b"1,2,3\n" * 8 + b"1,2\n" + b"1,2,3\n" * 8),
    "TXT-006": text("cut.txt", (PARAGRAPH * 10)[:-30].encode()),
    "XML-001": text("broken.xml", b'<?xml version="1.0"?><a><b></a>'),
    "XML-002": text("entity.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'),
    "XML-003": text("broken.json", b'{"a": yes}'),
    "XML-004": text("half.xml", b'<?xml version="1.0"?>\n<a><b>half a sent'),
    "WEB-001": text("page.html", b"<!DOCTYPE html><html><body><script>1</script></body></html>"),
    "WEB-002": text("fetch.html", b'<!DOCTYPE html><html><body><img src="http://example.test/a.png"></body></html>'),
    "WEB-003": text("half.html", b"<!DOCTYPE html><html><body><p>half a page"),
}

GOOD: dict[str, Maker] = {
    "rows_without_last_line_end": text("rows.csv", b"a,b,c\n" + b"1,2,3\n" * 8 + b"1,2,3"),
    "uneven_rows": text("rows.csv", b"title\na,b,c\n" + b"1,2,3\n" * 8 + b"sum,9"),
    "prose": text("prose.txt", (PARAGRAPH * 10).encode()),
    "prose_without_last_line_end": text("prose.txt", (PARAGRAPH * 10).rstrip().encode()),
    "letter_with_its_sender": text(
        "letter.txt", (PARAGRAPH * 10 + "云溪县住房和城乡建设委员会城建档案管理科").encode()
    ),
    "rows_with_notes": text("notes.csv", b"# made by hand\na,b,c\n" + b"1,2,3\n" * 30 + b"\nsum\n"),
    "utf8": text("good.txt", "竣工图编制说明\n".encode() * 9),
    "gbk": text("gbk.txt", "竣工图由施工单位编制，监理单位审核。\n".encode("gbk") * 9),
    "page": text(
        "good.html", b'<!DOCTYPE html><html><body><a href="http://example.test/">on time = late</a></body></html>'
    ),
    "page_without_html": text("short.html", b"<!DOCTYPE html><title>x</title><p>a paragraph needs no end<p>so it is"),
    "xml": text("good.xml", '<?xml version="1.0" encoding="UTF-8"?><文件><题名>说明</题名></文件>'.encode()),
    "json": text("good.json", b'{"a": [1, 2]}'),
}
