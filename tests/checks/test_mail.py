"""E-mail and web archives: opened, parts named, every attachment examined."""

from email.message import EmailMessage

from samples.checks.archives import BAD as ARCHIVES
from samples.checks.looking import codes, examine
from samples.checks.mail import mail, message
from samples.checks.making import put
from samples.checks.office import docx


def test_attachments_are_named_and_what_they_run_is_told(tmp_path):
    macro = docx(tmp_path, {"word/vbaProject.bin": "x"}).read_bytes()
    report = examine(mail(tmp_path, {"竣工图说明.docx": macro, "清单.txt": b"text"}), tmp_path)
    assert [row["name"] for row in report["facts"]["members"]] == ["竣工图说明.docx", "清单.txt"]
    assert report["facts"]["active_content"] == ["macro"]
    assert report["verdict"] == "warn"


def test_a_locked_attachment_blocks(tmp_path):
    report = examine(mail(tmp_path, {"锁.zip": ARCHIVES["ZIP-002"](tmp_path).read_bytes()}), tmp_path)
    assert "ZIP-013" in codes(report)
    assert report["verdict"] == "fail"


def test_every_message_of_a_mailbox_is_opened(tmp_path):
    one = b"From a@example.test Sat Nov 28 10:00:00 2026\n" + message({"a.txt": b"1"}).as_bytes() + b"\n\n"
    two = b"From b@example.test Sat Nov 28 11:00:00 2026\n" + message({"b.txt": b"2"}).as_bytes()
    report = examine(put(tmp_path, "box.mbox", one + two), tmp_path)
    assert report["facts"]["messages"] == 2
    assert [row["name"] for row in report["facts"]["members"]] == ["a.txt", "b.txt"]


def test_a_message_in_html_tells_scripts_and_what_it_fetches(tmp_path):
    made = message()
    made.add_alternative('<html><script>1</script><img src="https://example.test/a.png"></html>', subtype="html")
    report = examine(put(tmp_path, "html.eml", made.as_bytes()), tmp_path)
    assert {"WEB-001", "WEB-002"} <= codes(report)


def test_a_web_archive_opens_with_its_parts(tmp_path):
    made = EmailMessage()
    made["From"], made["Subject"], made["MIME-Version"] = "<Saved by Blink>", "page", "1.0"
    made.set_content("<html><body>x</body></html>", subtype="html")
    made.add_related(b"\x89PNG\r\n\x1a\n" + bytes(40), "image", "png", cid="<a>")
    report = examine(put(tmp_path, "page.mht", made.as_bytes()), tmp_path)
    assert report["facts"]["member_count"] == 1
    assert "MSG-002" not in codes(report)


def test_a_message_shorter_than_it_says_is_told(tmp_path):
    head = b"From: a@example.test\r\nSubject: x\r\nContent-Length: 40\r\n\r\n"
    assert "MSG-004" in codes(examine(put(tmp_path, "cut.eml", head + b"only a part"), tmp_path))
    assert "MSG-004" not in codes(examine(put(tmp_path, "whole.eml", head + b"0123456789" * 4), tmp_path))


def test_an_attachment_cut_within_its_base64_is_told(tmp_path):
    whole = message({"a.bin": bytes(range(200))}).as_bytes()
    at = whole.rindex(b"AAECAw") + 41
    report = examine(put(tmp_path, "cut.eml", whole[:at]), tmp_path)
    assert "MSG-004" in codes(report)


def test_a_message_that_stops_within_a_line_is_refused_and_one_that_lacks_its_last_mark_is_told(tmp_path):
    whole = mail(tmp_path, {"a.bin": bytes(range(256)) * 9}).read_bytes()
    middle = len(whole) // 2
    assert "MSG-005" in codes(examine(put(tmp_path, "cut.eml", whole[:middle]), tmp_path))
    line = whole[: whole.index(b"\n", middle) + 1]
    report = examine(put(tmp_path, "line.eml", line), tmp_path)
    assert "MSG-004" in codes(report)
    assert "MSG-005" not in codes(report)
    assert not codes(examine(put(tmp_path, "whole.eml", whole), tmp_path)) & {"MSG-004", "MSG-005"}


def test_a_message_that_stops_within_its_head_is_told(tmp_path):
    head = b"From: a@example.test\r\nTo: b@example.test\r\nSubject: x\r\nDate: Mon, 01 Jan 2024 08:00:00 +0800"
    assert "MSG-004" in codes(examine(put(tmp_path, "head.eml", head), tmp_path))
    assert "MSG-004" not in codes(examine(put(tmp_path, "empty.eml", head + b"\r\n\r\n"), tmp_path))
