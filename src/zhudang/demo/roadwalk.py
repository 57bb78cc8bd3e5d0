"""Walk one project along the whole road over HTTP, as its people: forms with their tokens, tus uploads, no private door.

The smoke run walks it with a handful of files, the acceptance scripts with hundreds.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from zhudang.demo import city
from zhudang.demo.visitor import Answer, Refused, Visitor

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Astray(AssertionError):
    """The product showed something else than the road says it must."""


@dataclass
class Sent:
    """A file as it was sent: what came of it is filled in on the way."""

    name: str
    folder: str
    data: bytes
    file_id: str = ""
    record_id: str = ""
    verdict: str = ""
    replaces: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Known:
    """What the walk has learnt of its project."""

    name: str
    code: str
    project: str = ""
    unit: str = ""
    application: str = ""
    transfer: str = ""
    certificate: str = ""
    sent: list[Sent] = field(default_factory=list)


def found(pattern: str, text: str, what: str) -> str:
    """The first match of `pattern` (its group 1), or Astray saying what is not on the page."""
    hit = re.search(pattern, text)
    if hit is None:
        raise Astray(f"not on the page: {what}")
    return hit.group(1)


def wait(what: str, true: Callable[[], Any], *, seconds: float = 180, every: float = 0.3) -> Any:
    """Ask again until it is so.

    Raises:
        Astray: it was not in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := true():
            return value
        time.sleep(every)
    raise Astray(f"waited {seconds:.0f} s in vain: {what}")


class RoadWalk:
    """One project and the visitors who carry it along."""

    def __init__(self, base: str, known: Known, *, password: str = city.PASSWORD) -> None:
        self.base, self.known, self.password = base, known, password
        self._visitors: dict[str, Visitor] = {}

    def visitor(self, username: str) -> Visitor:
        """The browser session of one person, signed in when first needed."""
        if username not in self._visitors:
            self._visitors[username] = Visitor(self.base).login(username, self.password)
        return self._visitors[username]

    def firm(self, key: str) -> city.Firm:
        return next(firm for firm in city.FIRMS if firm.key == key)

    # ── registration, permit, notice ──────────────────────────────────────────────────────────────────────────────

    def register(self, kind: str = "building") -> None:
        """The archive's desk enters project, phase, unit work and parties with the forms."""
        desk, known = self.visitor("archivist"), self.known
        answer = desk.submit(
            desk.page("/projects/new/"), "/projects/new/",
            {"name": known.name, "code": known.code, "kind": kind, "client": self.firm("anju").code, "address": "云溪县试验路 1 号", "area_code": city.AREA_CODE,
             "level": "1", "first": "109.0101", "second": "28.4455"},
        )  # fmt: skip
        known.project = found(rf"/projects/({_UUID})/", answer.url + " " + answer.text, "the new project")
        at = f"/projects/{known.project}"
        desk.submit(desk.page(f"{at}/phases/new/"), "/phases/new/", {"code": f"{known.code}-001", "name": "一期"})
        page = desk.page(f"{at}/units/new/")
        phase = next(value for value in page.tree.xpath("//select[@name='phase']/option/@value") if value)
        desk.submit(page, "/units/new/", {"phase": phase, "code": "01", "name": "1# 楼", "kind": kind, "nature": "new"})
        for role, firm in (
            ("contractor", "qingshi"),
            ("supervisor", "xiyuan"),
            ("design", "shanshui"),
            ("survey", "kance"),
        ):
            desk.submit(
                desk.page(f"{at}/parties/new/"), "/parties/new/", {"organisation": self.firm(firm).code, "role": role}
            )
        known.unit = found(rf"/filing/units/({_UUID})/", desk.page(at + "/").text, "the unit work's checklist")

    def permit(self, kind: str, number: str, issued: date) -> None:
        desk = self.visitor("archivist")
        page = desk.page(f"/projects/{self.known.project}/permits/new/")
        desk.submit(
            page,
            "/permits/new/",
            {"kind": kind, "number": number, "issued_on": issued.isoformat(), "issuer": "云溪县自然资源局"},
        )

    def notice(self) -> str:
        """The permit has brought the notice by itself; the client reads and acknowledges it. Gives its address."""
        client = self.visitor("client")
        page = wait("the notice", lambda: self._notice_page(client), seconds=90)
        client.submit(page, "/acknowledge/")
        return page.url

    def _notice_page(self, client: Visitor) -> Answer | None:
        answer = client.get(f"/handover/projects/{self.known.project}/notice/")
        return answer if answer.status == 200 and "/acknowledge/" in answer.text else None

    # ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def upload(self, username: str, files: Sequence[Sent]) -> None:
        """Send every file by tus, wait until its bytes are verified and the checks have looked at it."""
        person = self.visitor(username)
        addresses = [
            person.upload(io.BytesIO(one.data), len(one.data), filename=one.name, folder=one.folder, project=self.known.project, unit=self.known.unit)
            for one in files
        ]  # fmt: skip
        for one, address in zip(files, addresses, strict=True):
            upload_id = address.rstrip("/").rsplit("/", 1)[1]
            told = wait(f"bytes of {one.name}", lambda u=upload_id: self._arrived(person, u))
            one.file_id = told["file"]
        self.await_checks(username, files)
        self.known.sent += files

    @staticmethod
    def _arrived(person: Visitor, upload_id: str) -> Any:
        told = person.get(f"/files/uploads/{upload_id}/").json()
        if told["state"] in {"refused", "failed"}:
            raise Astray(f"upload refused: {told}")
        return told if told["file"] else None

    def await_checks(self, username: str, files: Iterable[Sent], *, seconds: float = 600) -> None:
        """Wait until each file has its verdict, read from its report."""
        person = self.visitor(username)
        for one in files:
            one.verdict = wait(
                f"the check of {one.name}", lambda f=one.file_id: self._verdict(person, f), seconds=seconds
            )

    @staticmethod
    def _verdict(person: Visitor, file_id: str) -> str:
        answer = person.get(f"/files/{file_id}/report.json")
        told = answer.json() if answer.status == 200 else {}
        verdict = told.get("verdict") or (told.get("files") or [{}])[0].get("verdict")
        return "" if verdict in {None, "", "not_checked"} else verdict

    def assign(self, username: str, files: Sequence[Sent], words: str) -> None:
        """Assign files by hand on the inbox page to the document kind found by `words`."""
        person = self.visitor(username)
        at = f"/filing/projects/{self.known.project}/inbox/"
        for start in range(0, len(files), 100):
            batch = files[start : start + 100]
            page = person.page(at, find=words, file=batch[0].file_id)
            obligations = page.tree.xpath("//button[@name='obligation']/@value")
            if not obligations:
                raise Astray(f"no document kind for {words!r}: {page.said()}")
            answer = person.submit(
                page,
                "/inbox/confirm/",
                {"file": [one.file_id for one in batch], "obligation": obligations[0], "next": at},
                pick=_assigning(page, "/inbox/assign/"),
            )
            if "没有归入" in answer.said():
                raise Refused("assign", answer.status, answer.said())

    def find_records(self, username: str, files: Iterable[Sent]) -> None:
        """Learn which record each file became, from the list of records and their pages."""
        person = self.visitor(username)
        wanted = {one.file_id: one for one in files if not one.record_id}
        for record_id in self.record_ids(username):
            text = person.page(f"/filing/records/{record_id}/").text
            for file_id in [f for f in wanted if f in text]:
                wanted.pop(file_id).record_id = record_id
            if not wanted:
                return
        raise Astray(f"{len(wanted)} files became no record: {[one.name for one in wanted.values()][:5]}")

    def record_ids(self, username: str, state: str = "") -> list[str]:
        """Every record of the project that this person sees in the list, page by page."""
        person, seen, number = self.visitor(username), [], 1
        while True:
            query = {"page": str(number), **({"state": state} if state else {})}
            page = person.page(f"/filing/projects/{self.known.project}/records/", **query)
            ids = [i for i in dict.fromkeys(re.findall(rf"/filing/records/({_UUID})/", page.text)) if i not in seen]
            if not ids:
                return seen
            seen += ids
            number += 1

    def describe_and_file(
        self,
        username: str,
        record_id: str,
        title: str,
        *,
        formed: date,
        pages: int = 1,
        carrier: str = "text",
        knowingly: bool = False,
    ) -> None:
        """Fill in the description form of one record and file it; `knowingly` passes findings on to the reviewer."""
        person = self.visitor(username)
        at = f"/filing/records/{record_id}/"
        page = person.page(at)
        form: Mapping[str, Any] = {
            "title": title, "document_no": "C5-1", "responsible": "青石建筑工程有限公司", "formed_on": formed.isoformat(), "pages": str(pages), "manuscript": "original",
            "copy_kind": "original", "carrier": carrier, "origin": "born_digital", "has_paper": "on", "legal_force": "true", "level": "1", "retention": "long", "then": "file",
        }  # fmt: skip
        answer = person.submit(page, at, form, pick=lambda f: bool(f.xpath(".//*[@name='title']")))
        if knowingly:
            answer = (
                person.submit(person.page(at), f"{at}file/", {"knowingly": "1"}, pick=None)
                if f"{at}file/" in person.page(at).text
                else answer
            )
        if not self._is_filed(person, at):
            raise Refused(f"file {title}", answer.status, person.page(at).said() or answer.said())

    @staticmethod
    def _is_filed(person: Visitor, at: str) -> bool:
        return f"{at}undo/" in person.page(at).text

    def excuse_rest(self, username: str = "client") -> None:
        """Everything the archive must get and nobody filed is declared not applicable, with its reason."""
        person = self.visitor(username)
        page = person.page(f"/filing/units/{self.known.unit}/excuse/many/", keeper="archive")
        ids = list(dict.fromkeys(page.tree.xpath("//input[@name='obligation']/@value")))
        answer = person.submit(page, "/excuse/", {"obligation": ids, "reason": "本工程不涉及"})
        if "已标为不涉及" not in answer.said():
            raise Refused("excuse", answer.status, answer.said())

    # ── delivery, application, review ─────────────────────────────────────────────────────────────────────────────

    def deliver_and_sign(self, username: str = "clerk") -> None:
        """The party delivers all it has filed; the client signs the list."""
        at = f"/handover/projects/{self.known.project}/deliveries/"
        party, client = self.visitor(username), self.visitor("clientclerk")
        answer = party.submit(party.page(at), "/deliveries/", {"note": "随工程进度"})
        delivery = found(rf"/handover/deliveries/({_UUID})/", answer.url + answer.text, "the delivery")
        page = client.page(f"/handover/deliveries/{delivery}/")
        client.submit(page, f"/handover/deliveries/{delivery}/sign/")

    def apply(self) -> str:
        """The client's manager applies for acceptance, once for the whole."""
        client = self.visitor("client")
        page = client.page(f"/handover/projects/{self.known.project}/apply/", mode="before_filing")
        answer = client.submit(
            page,
            "/apply/",
            {"mode": "before_filing", "contact": "甲方档案经理", "phone": "0900-6612345", "self_check": "自查齐全"},
            pick=lambda f: f.get("id") == "apply",
        )
        self.known.application = found(
            rf"/handover/applications/({_UUID})/", answer.url + answer.text, "the application"
        )
        return self.known.application

    def judge_open(self, decide: Callable[[str], Mapping[str, str]]) -> dict[str, str]:
        """Go through the items left open as the desk shows them one after the other; title -> verdict given.

        Args:
            decide: title of the item -> the fields of the judging form.
        """
        reviewer, at = self.visitor("reviewer"), f"/handover/applications/{self.known.application}/review/"
        given: dict[str, str] = {}
        seen: set[str] = set()
        while "/review/pass/" in (page := reviewer.page(at)).text:
            form = page.tree.xpath("//form[contains(@class, 'judge')]")[0]
            item = form.xpath(".//input[@name='item']/@value")[0]
            if item in seen:
                raise Astray(f"the desk shows the same item again: {page.said()}")
            seen.add(item)
            title = page.tree.xpath("string((//section[contains(@class, 'det')]//*[self::h2 or self::h3])[1])").strip()
            fields = dict(decide(title))
            codes = page.tree.xpath("//select[@name='reason_code']/option/@value")
            fields.setdefault("reason_code", codes[0] if codes else "")
            reviewer.submit(page, "/review/judge/", fields, pick=lambda f: "judge" in (f.get("class") or ""))
            given[title] = fields["verdict"]
        return given

    def pass_rest(self) -> None:
        """Pass every open item that may pass, by recorded sample."""
        reviewer, at = self.visitor("reviewer"), f"/handover/applications/{self.known.application}/review/"
        page = reviewer.page(at)
        if "/review/pass/" in page.text:
            reviewer.submit(page, "/review/pass/", {"note": "每部分抽看十分之一，其余按检测结果"})

    def issue_list(self) -> Answer:
        """Issue the one rectification list."""
        reviewer = self.visitor("reviewer")
        page = reviewer.page(f"/handover/applications/{self.known.application}/review/")
        reviewer.submit(page, "/review/return/")
        return self.visitor("client").page(f"/handover/applications/{self.known.application}/")

    def cure(self, username: str, one: Sent, replacement: Sent) -> None:
        """Upload a good file, put it in the place of the bad one, and file the record again."""
        self.upload(username, [replacement])
        person, at = self.visitor(username), f"/filing/records/{one.record_id}/"
        page = person.page(at)
        replacement.record_id, replacement.replaces = one.record_id, one.file_id
        person.submit(
            page, f"{at}replace/", {"old": one.file_id, "file": replacement.file_id, "why": "按整改清单重新导出"}
        )
        answer = person.submit(person.page(at), f"{at}file/", {"knowingly": "1"})
        if not self._is_filed(person, at):
            raise Refused("file again", answer.status, person.page(at).said())

    def accept(self) -> None:
        """The reviewer accepts; the sealed opinion is there for the client."""
        reviewer = self.visitor("reviewer")
        page = reviewer.page(f"/handover/applications/{self.known.application}/review/")
        answer = reviewer.submit(page, "/review/accept/")
        if (
            "/handover/papers/"
            not in self.visitor("client").page(f"/handover/applications/{self.known.application}/").text
        ):
            raise Refused("accept", answer.status, answer.said())

    # ── transfer, preservation, certificate ───────────────────────────────────────────────────────────────────────

    def transfer(self) -> None:
        """Proposed by the client, counted by the keeper, received by the archivist."""
        client, archivist, keeper = self.visitor("client"), self.visitor("archivist"), self.visitor("keeper")
        page = client.page(f"/handover/applications/{self.known.application}/")
        answer = client.submit(page, "/transfer/", {"handed_by": "档案经理", "responsible": "分管负责人"})
        self.known.transfer = found(rf"/handover/transfers/({_UUID})/", answer.url + answer.text, "the transfer")
        at = f"/handover/transfers/{self.known.transfer}/"
        archivist.submit(archivist.page(at), f"{at}begin/")
        while f"{at}count/" in (page := keeper.page(at)).text:
            keeper.submit(page, f"{at}count/", {"as_listed": "yes"})
        archivist.submit(archivist.page(at), f"{at}receive/")

    def await_certificate(self, *, seconds: float = 600) -> str:
        """Preservation and certificate come by themselves; nothing says so before the rows prove it."""
        archivist, at = self.visitor("archivist"), f"/handover/transfers/{self.known.transfer}/"
        text = wait("the certificate", lambda: self._with_certificate(archivist.page(at).text), seconds=seconds)
        self.known.certificate = found(rf"/handover/certificates/({_UUID})/", text, "the certificate")
        return self.known.certificate

    @staticmethod
    def _with_certificate(text: str) -> str:
        return text if "/handover/certificates/" in text else ""

    def certificate_pdf(self) -> tuple[bytes, str, str]:
        """The sealed certificate as its client downloads it, with its number and check code."""
        client, at = self.visitor("client"), f"/handover/certificates/{self.known.certificate}/"
        page = wait("the seal on the certificate", lambda: self._sealed(client.page(at)))
        pdf = client.page(page.links("/handover/papers/")[0])
        number = str(page.tree.xpath("string(//title)")).split(" ", 1)[1].split("·")[0].strip()
        return pdf.body, number, found(r"/verify/([0-9A-Z]{6,12})/", page.text, "the check code")

    @staticmethod
    def _sealed(page: Answer) -> Answer | None:
        return page if page.links("/handover/papers/") else None


def _assigning(page: Answer, action: str) -> Callable[[Any], bool]:
    """The inbox form sends itself to another address when a document kind's button is pressed."""

    def pick(form: Any) -> bool:
        if form.get("id") != "inbox":
            return False
        button = page.tree.xpath(f"//button[@name='obligation' and contains(@formaction, '{action}')]/@formaction")
        form.set("action", button[0])
        return True

    return pick


def half_a_year_ago() -> date:
    return date.today() - timedelta(days=180)  # noqa: DTZ011 - a day on a form, not a moment
