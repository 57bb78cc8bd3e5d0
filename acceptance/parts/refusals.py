"""Refusals that the acceptance of faults tries over HTTP: each is told, and leaves everything as it was."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta

from bench.files import small_pdf

from zhudang.demo import city
from zhudang.demo.roadwalk import Astray, RoadWalk
from zhudang.demo.visitor import Refused


class Refusals:
    """One project and everything that must not work on it."""

    def __init__(self, walk: RoadWalk) -> None:
        self.walk = walk

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("错误的项目代码和信用代码：所有理由一次说清", self.wrong_identifiers),
            ("别人的角色、别人的项目", self.wrong_role),
            ("上传过期", self.expired_upload),
            ("校验和不符：460，计数不动", self.wrong_checksum),
            ("两人同改一个项目：后者得知是谁、何时", self.two_people),
        ]

    def wrong_identifiers(self) -> str:
        desk = self.walk.visitor("archivist")
        fields = {
            "name": "错误代码项目",
            "code": "2611-99-47-01-1",
            "kind": "building",
            "client": "91990241MA0000000X",
            "area_code": city.AREA_CODE,
            "level": "1",
        }
        try:
            desk.submit(desk.page("/projects/new/"), "/projects/new/", fields)
        except Refused as refused:
            status, said = refused.status, refused.said
        else:
            raise Astray("a project with wrong codes was registered")
        if status not in {400, 409, 422} or "代码" not in said or len(said.split("；")) < 2:
            raise Astray(f"HTTP {status}, not all reasons at once: {said}")
        if "错误代码项目" in desk.page("/projects/", q="错误代码项目").tree.xpath("string(//table)"):
            raise Astray("the refused project is on the list")
        return said[:160]

    def wrong_role(self) -> str:
        clerk, stranger, known = self.walk.visitor("clerk"), self.walk.visitor("hongqiao"), self.walk.known
        absent = "00000000-0000-7000-8000-000000000000"
        wanted = [
            (clerk, "/projects/new/", {403, 404}), (clerk, f"/projects/{known.project}/edit/", {403, 404}), (clerk, "/audit/", {403, 404}), (clerk, "/people/", {403, 404}),
            (stranger, f"/projects/{known.project}/", {404}), (stranger, f"/filing/projects/{known.project}/inbox/", {404}), (stranger, f"/projects/{absent}/", {404}),
        ]  # fmt: skip
        told = [(person.username, at, person.get(at).status, lawful) for person, at, lawful in wanted]
        if wrong := [each for each in told if each[2] not in each[3]]:
            raise Astray(f"let in: {wrong}")
        try:
            stranger.create_upload(10, filename="外人.pdf", project=known.project)
        except Refused as refused:
            if refused.status != 404:
                raise Astray(f"a stranger's upload: {refused}") from None
        else:
            raise Astray("a stranger may upload")
        return f"{len(told) + 1} 处：" + "、".join(str(each[2]) for each in told)

    def _begun(self, data: bytes, name: str) -> str:
        known = self.walk.known
        return self.walk.visitor("clerk").create_upload(
            len(data), filename=name, folder="拒绝", project=known.project, unit=known.unit
        )

    def expired_upload(self) -> str:
        from django.utils import timezone

        from zhudang.content import sweeping
        from zhudang.content.models import Upload

        data, clerk = small_pdf(901), self.walk.visitor("clerk")
        address = self._begun(data, "过期.pdf")
        clerk.patch(address, 0, data[:5000])
        now = timezone.now()
        Upload.objects.filter(id=address.rstrip("/").rsplit("/", 1)[1]).update(expires_at=now - timedelta(days=1))
        sweeping.sweep(now=now)
        head = clerk.request("HEAD", address, headers={"Tus-Resumable": "1.0.0"}, follow=False).status
        patch = clerk.patch(address, 5000, data[5000:])
        if head not in {404, 410} or patch.status not in {404, 410} or not patch.json()["reasons"]:
            raise Astray(f"an expired upload answers {head} and {patch.status}")
        return f"HEAD {head}，PATCH {patch.status}：{patch.json()['reasons'][0]['message']}"

    def wrong_checksum(self) -> str:
        data, clerk = small_pdf(902), self.walk.visitor("clerk")
        address = self._begun(data, "校验和.pdf")
        clerk.patch(address, 0, data[:5000])
        digest = base64.b64encode(hashlib.sha256(b"something else").digest()).decode()
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Offset": "5000", "Content-Type": "application/offset+octet-stream", "Upload-Checksum": f"sha256 {digest}",
            "Content-Length": str(len(data) - 5000),
        }  # fmt: skip
        status = clerk.request("PATCH", address, body=data[5000:], headers=headers, follow=False).status
        offset = clerk.upload_offset(address)
        if (status, offset) != (460, 5000):
            raise Astray(f"a wrong checksum: HTTP {status}, offset {offset}")
        if clerk.patch(address, 5000, data[5000:]).status != 204:
            raise Astray("the right bytes are refused after wrong ones")
        return "460，仍为 5000，重发后收齐"

    def two_people(self) -> str:
        at = f"/projects/{self.walk.known.project}/edit/"
        one, two = self.walk.visitor("archivist"), self.walk.visitor("client")
        first, second = one.page(at), two.page(at)
        one.submit(first, "/edit/", {"address": "云溪县试验路 2 号"})
        try:
            two.submit(second, "/edit/", {"address": "云溪县试验路 3 号"})
        except Refused as refused:
            said = refused.said
            if refused.status != 409:
                raise Astray(f"the second person gets HTTP {refused.status}: {said}") from None
        else:
            raise Astray("the second person's save went over the first's")
        if "馆员丙" not in said and "archivist" not in said:
            raise Astray(f"who was first is not told: {said}")
        if "试验路 2 号" not in one.page(f"/projects/{self.walk.known.project}/").text:
            raise Astray("the first person's change is not there")
        return said[:160]
