"""E-mail, good and bad."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from samples.checks.making import Maker, half, put, text


def message(attachments: dict[str, bytes] | None = None) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.test", "b@example.test", "竣工资料"
    made["Date"] = "Sat, 28 Nov 2026 10:00:00 +0800"
    made.set_content("随信附上竣工图。")
    for name, content in (attachments or {}).items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made


def mail(folder: Path, attachments: dict[str, bytes] | None = None, name: str = "sample.eml") -> Path:
    return put(folder, name, message(attachments).as_bytes())


def _cut(folder: Path) -> Path:
    content = message({"图.bin": bytes(range(256)) * 20}).as_bytes()
    return put(folder, "cut.eml", content[: len(content) // 2])


def _locked(folder: Path) -> Path:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.test", "b@example.test", "x"
    made["MIME-Version"] = "1.0"
    made["Content-Type"] = 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'
    return put(folder, "locked.eml", made.as_bytes() + b"\nAAAA\n")


BAD: dict[str, Maker] = {
    "MSG-001": text("none.eml", b"no header at all\n\nonly words\n" * 9),
    "MSG-002": lambda folder: mail(folder, {"竣工图.txt": b"text"}),
    "MSG-003": _locked,
    "MSG-004": _cut,
    "MSG-005": half(lambda folder: mail(folder, {"竣工图.txt": b"text " * 400}), "half.eml"),
}

GOOD: dict[str, Maker] = {
    "eml": mail,
}
