"""A copy, or a bucket, that somebody made to do harm: it stays within its folder and within bounds, and is told."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from preservation.ocfl_support import ACT, OBJECT, contents, tree
from zhudang.preservation import catalogue, emergency, rebuilding
from zhudang.preservation.bucket import bounded, fetching
from zhudang.preservation.bucket import root as bucket_root
from zhudang.preservation.bucket.client import Bucket, BucketUnreachable, TooLarge
from zhudang.preservation.bucket.credentials import Credentials
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.domain.s3_address import S3Address
from zhudang.preservation.ocfl import reader
from zhudang.preservation.ocfl.inventory import LARGEST, InventoryUnreadable, read_inventory, sidecar
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, StoreUnreachable, read_root_inventory
from zhudang.preservation.ocfl.verifier import INVENTORY_BAD, NO_ROOM, UNEXPECTED, verify_object
from zhudang.preservation.ocfl.writer import write_version

FILES = {"description.json": b"{}", "files/0001.pdf": b"%PDF-1.7 one"}


@pytest.fixture
def place(tmp_path: Path) -> StorageRoot:
    root = StorageRoot.create(tmp_path / "a")
    write_version([root], OBJECT, contents(FILES), act=ACT)
    return root


def lie(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write the object's inventory otherwise, and its sidecar to it."""
    document = json.loads((folder / "inventory.json").read_bytes())
    change(document)
    data = json.dumps(document).encode()
    for below in (folder, folder / "v1"):
        (below / "inventory.json").write_bytes(data)
        (below / "inventory.json.sha512").write_bytes(sidecar(data))


def renamed(path: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        digest = next(iter(document["manifest"]))
        document["manifest"][digest] = [path]
        document.pop("fixity", None)

    return change


LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "climbs out": renamed("../../../../../secret"),
    "climbs within": renamed("v1/content/../../../secret"),
    "absolute": renamed("/etc/passwd"),
    "ends the name": renamed("v1/content/a\0b"),
    "of another system": renamed("v1\\content\\a"),
    "half a character": renamed("v1/content/\ud800"),
    "empty": renamed(""),
    "no text": lambda document: document["manifest"].update({"f" * 128: [1]}),
    "no list": lambda document: document["manifest"].update({"f" * 128: "abc"}),
    "logical path": lambda document: document["versions"]["v1"]["state"].update({"0" * 128: ["../x"]}),
    "lacks bytes": lambda document: document["manifest"].popitem(),
    "fixity of nothing": lambda document: document["fixity"]["sha256"].update({"0" * 64: ["v1/content/none"]}),
    "no first version": lambda document: document.update(head="v2", versions={"v2": document["versions"]["v1"]}),
    "no versions": lambda document: document.update(versions={}),
    "no zone": lambda document: document["versions"]["v1"].update(created="2026-06-17T18:00:00"),
    "id": lambda document: document.update(id=7),
    "message": lambda document: document["versions"]["v1"].update(message=["x"]),
}


@pytest.mark.parametrize("name", LIES)
def test_an_inventory_that_lies_is_damage_however_well_its_sidecar_fits(place, tmp_path, name):
    (tmp_path / "secret").write_text("not of this copy")
    folder = place.object_folder(OBJECT)
    lie(folder, LIES[name])
    with pytest.raises(ObjectDamaged):
        read_root_inventory("", folder)
    assert [damage.code for damage in verify_object(folder, object_id=OBJECT).damages] == [INVENTORY_BAD]
    assert list(reader.object_inventories(place)) == []
    assert emergency.look_over(place).unreadable == [folder.relative_to(place.folder).as_posix()]


@pytest.mark.parametrize("data", [b"[" * 200_000, b"1" * 5_000, b'{"id":' * 50_000, b"\xff", b"null", b"[]", b"{}"])
def test_what_is_no_inventory_is_refused_whatever_the_reader_makes_of_it(data):
    with pytest.raises(InventoryUnreadable):
        read_inventory(data)


def test_an_inventory_too_large_to_be_one_is_not_read(place):
    folder = place.object_folder(OBJECT)
    with (folder / "inventory.json").open("r+b") as stream:
        stream.truncate(100 * LARGEST)
    with pytest.raises(ObjectDamaged, match="too large"):
        read_root_inventory("", folder)


@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha512", "v1/content/files/0001.pdf"])
@pytest.mark.parametrize("what", ["pipe", "link", "device"])
def test_what_is_no_plain_file_of_the_copy_is_not_read(place, tmp_path, name, what):
    folder = place.object_folder(OBJECT)
    inventory = read_root_inventory("", folder)
    path = folder / name
    other = tmp_path / "other"
    shutil.copyfile(path, other)
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(other if what == "link" else "/dev/zero")
    assert not verify_object(folder, object_id=OBJECT).sound
    if "content" in name:
        held = reader.held_files(folder, inventory)["files/0001.pdf"]
        with pytest.raises(OSError), reader.opened(folder, inventory, held):
            pass
        assert not reader.is_whole(folder, inventory, held)
    else:
        with pytest.raises(ObjectDamaged):
            read_root_inventory("", folder)


def test_the_emergency_service_notes_no_place_outside_the_copy_and_goes_on_past_a_damaged_object(
    place, tmp_path, settings
):
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    folder = place.object_folder(OBJECT)
    secret = tmp_path / "secret"
    secret.write_bytes(FILES["files/0001.pdf"])
    (folder / "v1/content/files/0001.pdf").unlink()
    (folder / "v1/content/files/0001.pdf").symlink_to(secret)
    name = folder.relative_to(place.folder).as_posix()
    damaged: list[str] = []
    assert emergency.note_places(place, [name, "000/000/000/gone"], damaged) == 1
    assert damaged == ["000/000/000/gone"]
    with pytest.raises(emergency.CopyDamaged):
        emergency.bring(hashlib.sha256(FILES["files/0001.pdf"]).hexdigest(), tmp_path / "wanted")


# ── a bucket ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Liar:
    """A server that speaks as much S3 as fetching needs, and lies as it is told."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        self.rows: Callable[[str, str], tuple[list[str], str]] | None = None
        self.endless = ""
        self.headers: dict[str, str] = {}
        self.requests = 0
        liar = self

        class Answers(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                liar.requests += 1
                liar.answer(self)

            def log_message(self, *_words: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(to.path)
        key = unquote(asked.path).removeprefix("/b").removeprefix("/")
        if not key:
            self._list(to, {name: values[0] for name, values in parse_qs(asked.query).items()})
        elif key == self.endless:
            self._pour(to, {"ETag": '"x"', "Content-Length": "10", "Transfer-Encoding": "chunked"})
        elif key in self.files:
            self._say(to, 200, self.files[key], {"ETag": '"x"', **self.headers})
        else:
            self._say(to, 404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _list(self, to: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        if self.endless == "listing":
            self._pour(to, {"Transfer-Encoding": "chunked"})
            return
        start = asked.get("prefix", "")
        keys, token = [key for key in sorted({*self.files, *self.sizes}) if key.startswith(start)], ""
        if self.rows is not None:
            keys, token = self.rows(start, asked.get("continuation-token", ""))
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{self.sizes.get(key, len(self.files.get(key, b'')))}</Size></Contents>"
            for key in keys
        )
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>" if token else ""
        self._say(to, 200, f"<ListBucketResult>{rows}{more}</ListBucketResult>".encode())

    def _say(self, to: BaseHTTPRequestHandler, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        to.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            if value:
                to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)

    def _pour(self, to: BaseHTTPRequestHandler, headers: dict[str, str]) -> None:
        """An answer that never ends."""
        to.send_response(200)
        for name, value in headers.items():
            to.send_header(name, value)
        to.end_headers()
        piece = b"100000\r\n" + b"<" * 0x100000 + b"\r\n"
        try:
            while True:
                to.wfile.write(piece)
        except OSError:
            to.close_connection = True


@pytest.fixture
def liar(place: StorageRoot) -> Iterator[Liar]:
    made = Liar()
    made.files = {f"store/{path}": data for path, data in tree(place.folder).items()}
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def source(liar: Liar) -> BucketRoot:
    address = S3Address(endpoint=f"http://127.0.0.1:{liar.server.server_port}", bucket="b")
    return BucketRoot(Bucket(address, Credentials("a", "b")))


def key_of(place: StorageRoot, path: str) -> str:
    return f"store/{(place.object_folder(OBJECT) / path).relative_to(place.folder).as_posix()}"


def outside(folder: Path, target: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_relative_to(target)}


def test_an_honest_bucket_comes_down_whole_with_the_key_files_of_both_suites(place, liar, source, tmp_path):
    liar.files |= {"store/keys.json": b"{}", "store/key-internal.age": b"age", "store/key-secret.p7m": b"sm"}
    done = fetching.fetch_root(source, tmp_path / "down")
    assert (done.objects, done.damaged) == (1, {})
    assert tree(place.folder).items() <= tree(tmp_path / "down" / "store").items()
    assert {path.name for path in (tmp_path / "down/store").glob("key*")} == {
        "keys.json", "key-internal.age", "key-secret.p7m",
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name in LIES if name != "id"])
def test_nothing_is_written_outside_the_folder_whatever_the_inventory_names(place, liar, source, tmp_path, name):
    folder = place.object_folder(OBJECT)
    lie(folder, LIES[name])
    liar.files = {f"store/{path}": data for path, data in tree(place.folder).items()}
    liar.files |= {"store/key-../../../x.age": b"out", "store/key-\\x.age": b"out"}
    before = outside(tmp_path, tmp_path / "down")
    done = fetching.fetch_root(source, tmp_path / "down")
    assert [damage.code for damage in done.damaged[OBJECT]] == [INVENTORY_BAD]
    assert outside(tmp_path, tmp_path / "down") == before
    assert not list((tmp_path / "down/store").glob("key*"))
    assert list((tmp_path / "down/staging").iterdir()) == []


@pytest.mark.parametrize("clash", ["v1/content/files/0001.pdf/more", f"v1/content/{'n' * 300}"])
def test_names_no_disk_can_hold_together_or_at_all_are_damage(place, liar, source, tmp_path, clash):
    folder = place.object_folder(OBJECT)
    digest = hashlib.sha512(b"more").hexdigest()

    def change(document: dict[str, Any]) -> None:
        document["manifest"][digest] = [clash]
        document["versions"]["v1"]["state"][digest] = ["more"]

    lie(folder, change)
    liar.files = {f"store/{path}": data for path, data in tree(place.folder).items()}
    liar.files[key_of(place, clash)] = b"more"
    assert [damage.path for damage in fetching.fetch_root(source, tmp_path / "down").damaged[OBJECT]] == [clash]


@pytest.mark.parametrize(("says", "code"), [(3, "STO-002"), (10**18, NO_ROOM)])
def test_a_size_that_is_a_lie_neither_fills_the_disk_nor_brings_more(place, liar, source, tmp_path, says, code):
    liar.sizes[key_of(place, "v1/content/files/0001.pdf")] = says
    done = fetching.fetch_root(source, tmp_path / "down")
    assert [damage.code for damage in done.damaged[OBJECT]] == [code]
    assert (done.damaged_count, list((tmp_path / "down/staging").iterdir())) == (1, [])


def test_more_bytes_than_announced_are_not_taken(place, liar, source, tmp_path):
    liar.endless = key_of(place, "v1/content/files/0001.pdf")
    liar.sizes[liar.endless] = len(FILES["files/0001.pdf"])
    done = fetching.fetch_root(source, tmp_path / "down")
    assert [damage.code for damage in done.damaged[OBJECT]] == ["STO-002"]


def test_an_inventory_longer_than_any_is_not_read_to_its_end(liar, source, place, tmp_path):
    liar.endless = key_of(place, "inventory.json")
    with pytest.raises(TooLarge):
        source.whole(OBJECT, "inventory.json")
    assert fetching.fetch_root(source, tmp_path / "down").damaged_count == 1
    with pytest.raises(TooLarge):
        source.bucket.whole(key_of(place, "v1/inventory.json"), most=100)


def test_an_answer_without_etag_or_length_says_nothing(liar, source, place):
    liar.headers = {"ETag": ""}
    with pytest.raises(BucketUnreachable, match="IncompleteAnswer"):
        source.bucket.read(key_of(place, "inventory.json"))


def test_a_listing_that_never_ends_ends(liar, source, place, tmp_path, monkeypatch):
    monkeypatch.setattr(bucket_root, "_MOST_FILES", 2500)
    turn = iter(range(10**9))
    # The same page again and again, its token another each time.
    liar.rows = lambda start, token: ([f"{start}{number:03}" for number in range(10)], f"t{next(turn)}")
    with pytest.raises(BucketUnreachable, match="EndlessListing"):
        list(source.bucket.listed("store/"))
    # Page after page with nothing on it.
    liar.rows = lambda start, token: ([], f"t{next(turn)}")
    with pytest.raises(BucketUnreachable, match="EndlessListing"):
        list(source.bucket.listed("store/"))
    assert liar.requests < 200
    # More files than an object may have, each another.
    liar.rows = lambda start, token: (
        [f"{start}{int(token or 0) * 1000 + number:012}" for number in range(1000)], f"{int(token or 0) + 1}",
    )  # fmt: skip
    with pytest.raises(TooLarge):
        source.files(OBJECT)
    inventory = [damage.code for damage in fetching.fetch_object(source, StorageRoot.create(tmp_path / "d"), OBJECT)]
    assert inventory == [UNEXPECTED]


def test_an_answer_that_never_ends_does_not_fill_the_memory(liar, source, monkeypatch):
    monkeypatch.setattr(bounded, "MOST", 4 * 1024 * 1024)
    liar.endless = "listing"
    with pytest.raises(BucketUnreachable, match="TooLong"):
        list(source.bucket.listed("store/"))


def test_what_is_told_of_a_bucket_has_an_end_though_its_damages_have_none():
    done = fetching.Fetched()
    for number in range(3 * fetching.MOST_TOLD):
        done.tell_damaged(str(number), ())
    assert (len(done.damaged), done.damaged_count) == (fetching.MOST_TOLD, 3 * fetching.MOST_TOLD)


# ── what a copy's catalogue and files bring into the database and the working store ───────────────────────────────


def test_a_row_of_a_table_has_an_end(monkeypatch):
    monkeypatch.setattr(catalogue, "_LONGEST_ROW", 100)
    rows = catalogue.StoredTable(lambda: closing(BytesIO(b'{"a": 1}\n' + b'{"a": "' + b"x" * 200)))
    with pytest.raises(ValueError, match="a row of"):
        list(rows)


def test_no_more_of_a_file_is_taken_in_than_was_received():
    told = rebuilding._AtMost(BytesIO(b"x" * 11), 10)
    assert told.read(10) == b"x" * 10
    with pytest.raises(ValueError, match="more bytes"):
        told.read(10)


def test_a_place_that_was_gone_is_named_rightly_by_another_process():
    gone = pickle.loads(pickle.dumps(StoreUnreachable(Path("/mnt/c"))))
    assert (gone.folder, str(gone)) == (Path("/mnt/c"), "no storage root at /mnt/c")
