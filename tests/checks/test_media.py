"""Recordings: structure read without a decoder, and what cannot be decoded told apart."""

import struct
from pathlib import Path

import pytest

from samples.checks.looking import codes, examine
from samples.checks.making import put
from samples.checks.media import film
from zhudang.checks.openers import heif_structure
from zhudang.checks.openers.media_structure import troubles


def flac(folder: Path, seconds: int = 4) -> Path:
    import av
    import numpy

    path = folder / "sound.flac"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac", rate=8000)
        noise = numpy.random.default_rng(1).integers(-9000, 9000, (1, 8000), dtype=numpy.int16)
        for _ in range(seconds):
            frame = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
            frame.sample_rate = 8000
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">L4s", 8 + len(content), name) + content


def meta(uses: list[int], colours: int = 1) -> bytes:
    """A still image of one AV1 item; `uses` are its property indexes, the top bit for essential."""
    properties = box(b"ispe", bytes(12)) + box(b"av1C", bytes(4)) + box(b"irot", bytes(1)) + box(b"clap", bytes(32))
    properties += box(b"colr", b"prof" + bytes(8)) * colours
    item = box(b"infe", bytes([2, 0, 0, 0]) + struct.pack(">2H4s", 1, 0, b"av01") + b"\0")
    return bytes(4) + b"".join(
        [
            box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
            box(b"pitm", bytes(4) + struct.pack(">H", 1)),
            box(b"iinf", bytes(4) + struct.pack(">H", 1) + item),
            box(
                b"iprp",
                box(b"ipco", properties) + box(b"ipma", bytes(4) + struct.pack(">LHB", 1, 1, len(uses)) + bytes(uses)),
            ),
        ]
    )


@pytest.mark.parametrize(
    ("uses", "colours", "part"),
    [
        ([0x82, 5], 1, "ispe"),
        ([1, 5], 1, "av1C"),
        ([1, 2, 5], 1, "av1C"),
        ([1, 0x82, 5, 6], 2, "colr"),
        ([1, 0x82, 0x83, 0x84], 1, "ipma"),
        ([0x83, 1, 0x82], 1, "ipma"),
        ([1, 0x82, 0x60], 1, "ipma"),
    ],
)
def test_what_an_image_item_lacks_is_told(uses, colours, part):
    assert part in {name for name, _ in heif_structure.troubles(meta(uses, colours))}


def test_a_sound_image_item_has_no_troubles():
    assert heif_structure.troubles(meta([1, 0x82, 0x84, 0x83, 5])) == []


def id3(frames: bytes) -> bytes:
    size = len(frames)
    return b"ID3\x03\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + frames


def frame(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">LH", len(content), 0) + content


@pytest.mark.parametrize(
    ("frames", "troubled"),
    [
        (frame(b"TYER", b"\x002026"), False),
        (frame(b"TIT2", b"\x01\xff\xfe" + "竣工".encode("utf-16-le")), False),
        (frame(b"TYER", b"\x00\xfe\xff"), True),
        (frame(b"TIT2", b"\x07abc"), True),
        (frame(b"TIT2", b"\0abc")[:-1] + b"", True),
    ],
)
def test_tags_before_sound_are_read(frames, troubled, tmp_path):
    assert bool(troubles(put(tmp_path, "a.mp3", id3(frames) + bytes(100)))) == troubled


def test_a_recording_of_heads_only_waits_for_a_person(tmp_path):
    empty = b"FLV\x01\0\0\0\0\x09" + bytes(4) + b"\x12\0\0\x04" + bytes(7) + b"abcd" + struct.pack(">L", 15)
    report = examine(put(tmp_path, "empty.flv", empty), tmp_path)
    assert "AV-005" in codes(report)
    assert report["verdict"] == "manual"


def test_an_encrypted_recording_is_refused_by_its_name(tmp_path):
    content = film(tmp_path, 30, "plain.mp4").read_bytes()
    start = content.index(b"mdat")
    length = int.from_bytes(content[start - 4 : start], "big") - 8
    locked = bytearray(content)
    locked[start + 4 : start + 4 + length] = b"\xff" * length
    # What a packager writes: the sample entry renamed, its scheme beside it.
    place = locked.index(b"mp4v")
    locked[place : place + 4] = b"encv"
    report = examine(put(tmp_path, "locked.mp4", bytes(locked) + box(b"free", b"schm" + bytes(8))), tmp_path)
    assert report["verdict"] in {"fail", "manual"}
    assert codes(report) & {"AV-008", "AV-005"}


def test_recordings_cut_within_a_part_are_told_by_their_containers(tmp_path):
    for name, codec in (("film.mov", "mpeg4"), ("film.flv", "flv1"), ("film.wmv", "wmv2")):
        whole = film(tmp_path, 60, name, codec)
        assert "AV-007" not in codes(examine(whole, tmp_path)), name
        content = whole.read_bytes()
        whole.write_bytes(content[: len(content) * 2 // 3])
        assert codes(examine(whole, tmp_path)) & {"AV-007", "AV-001", "AV-003"}, name


def test_an_iso_file_without_its_media_is_empty_and_not_damaged(tmp_path):
    content = film(tmp_path, 20, "film.mp4").read_bytes()
    media = content.index(b"mdat") - 4
    length = int.from_bytes(content[media : media + 4], "big")
    path = tmp_path / "heads.mp4"
    path.write_bytes(content[:media] + content[media + length :])
    assert codes(examine(path, tmp_path)) & {"AV-005"}


def test_sound_plays_though_a_block_before_it_is_misstated(tmp_path):
    path = flac(tmp_path)
    assert codes(examine(path, tmp_path)) == set()
    content = bytearray(path.read_bytes())
    content[43] = 0x70  # the length of the block after STREAMINFO now reaches beyond the file
    path.write_bytes(content)
    assert codes(examine(path, tmp_path)) == {"AV-006"}


def test_a_flac_that_misses_its_last_frames_is_cut_off(tmp_path):
    path = flac(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 94 // 100])
    assert "AV-003" in codes(examine(path, tmp_path))


@pytest.mark.parametrize("name", ["sound.mka", "sound.aiff", "sound.au", "sound.caf", "sound.w64", "sound.oga"])
def test_a_container_that_says_where_it_ends_is_cut_when_it_ends_before(tmp_path, name):
    import av

    whole = tmp_path / name
    codec = {"sound.mka": "flac", "sound.oga": "flac", "sound.w64": "pcm_s16le"}.get(name, "pcm_s16be")
    with av.open(str(flac(tmp_path))) as source, av.open(str(whole), "w") as out:
        stream = out.add_stream(codec, rate=8000)
        stream.layout = "mono"
        for frame in source.decode(audio=0):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert troubles(whole) == []
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) * 95 // 100])
    assert [each.cut for each in troubles(whole)] == [True]


def test_a_json_or_xml_text_cut_within_a_character_is_cut_off(tmp_path):
    for name, text in (
        ("a.json", '{"名称": "' + "建筑工程" * 30),
        ("a.xml", "<?xml version='1.0'?><a>" + "建筑工程" * 30),
    ):
        path = tmp_path / name
        path.write_bytes(text.encode()[:-1])
        assert "XML-004" in codes(examine(path, tmp_path)), name


def test_a_frame_lost_from_flac_is_missed_though_nothing_complains(tmp_path):
    whole = flac(tmp_path).read_bytes()
    assert examine(tmp_path / "sound.flac", tmp_path)["verdict"] == "pass"
    middle = len(whole) // 2
    report = examine(
        put(tmp_path, "hole.flac", whole[:middle] + bytes(len(whole) // 8) + whole[middle + len(whole) // 8 :]),
        tmp_path,
    )
    assert report["verdict"] == "fail"


def test_a_length_that_no_header_tells_is_no_promise(tmp_path):
    """Silence first, sound after: the bit rate of the first frames would make the recording far longer than it is."""
    import av
    import numpy

    path = tmp_path / "rising.mp3"
    noise = numpy.random.default_rng(1).integers(-20000, 20000, (1, 1152), dtype=numpy.int16)
    with av.open(str(path), "w", options={"write_xing": "0"}) as out:
        stream = out.add_stream("libmp3lame", rate=44100, options={"q": "0"})
        for number in range(200):
            frame = av.AudioFrame.from_ndarray(noise * (number > 100), format="s16p", layout="mono")
            frame.sample_rate = 44100
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    report = examine(path, tmp_path)
    assert "AV-003" not in codes(report)
    assert report["facts"]["duration_s"] == pytest.approx(200 * 1152 / 44100, abs=0.3)


def test_a_live_recording_tells_no_length_and_is_not_short(tmp_path):
    path = film(tmp_path, name="live.mkv")
    whole = path.read_bytes()
    at = whole.index(b"\x44\x89\x88")
    live = put(tmp_path, "told.mkv", whole[:at] + b"\xec\x89\x88" + whole[at + 3 :])
    assert examine(live, tmp_path)["verdict"] != "fail"
    claimed = whole[: at + 3] + struct.pack(">d", 60_000.0) + whole[at + 11 :]
    assert "AV-003" in codes(examine(put(tmp_path, "long.mkv", claimed), tmp_path))


def test_a_recording_that_begins_as_nothing_known_is_told(tmp_path):
    whole = film(tmp_path, name="film.mp4").read_bytes()
    assert "AV-006" not in codes(examine(tmp_path / "film.mp4", tmp_path))
    report = examine(put(tmp_path, "noise.mp4", b"\x11\x22\x33\x44noise..." + whole), tmp_path)
    assert report["verdict"] != "pass"


def block(first: int, samples: int, told: int) -> bytes:
    """A block of WavPack."""
    return b"wvpk" + struct.pack("<LHBBLLL", 24 + 8, 0x410, 0, 0, told, first, samples) + bytes(8 + 8)


TABLE = struct.pack("<4L", 50, 50, 50, 50)
PACKET = b"G".ljust(188, b"\xff")
KLV = b"\x06\x0e\x2b\x34".ljust(16, b"\1")


@pytest.mark.parametrize(
    ("whole", "lost"),
    [
        (block(0, 100, 200) + block(100, 100, 200), 40),
        (b"TTA1" + struct.pack("<3H2LL", 1, 1, 16, 245, 1024, 0) + TABLE + bytes(4) + bytes(200), 20),
        (KLV + b"\x83\0\0\x05hello" + KLV + b"\x05hello", 3),
    ],
)
def test_frames_that_a_table_or_a_length_promises_are_missed(whole, lost, tmp_path):
    assert troubles(put(tmp_path, "whole", whole)) == []
    assert [trouble.cut for trouble in troubles(put(tmp_path, "cut", whole[:-lost]))] == [True]


def test_a_broadcast_that_ends_within_a_packet_is_irregular_and_not_refused(tmp_path):
    assert troubles(put(tmp_path, "whole.ts", PACKET * 5)) == []
    assert [trouble.cut for trouble in troubles(put(tmp_path, "cut.ts", (PACKET * 5)[:-60]))] == [False]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_whole_recording_that_no_decoder_here_plays_is_left_to_a_person(order, tmp_path):
    """53 bits to a sample, in either byte order: sound, and not played here."""
    bits, width = 53, 7
    content = struct.pack(f"{order}HHLLHH", 1, 1, 8000, 8000 * width, width, bits)
    chunks = b"fmt " + struct.pack(f"{order}L", 16) + content + b"data" + struct.pack(f"{order}L", 8000 * width)
    head = (b"RIFF" if order == "<" else b"RIFX") + struct.pack(f"{order}L", 4 + len(chunks) + 8000 * width) + b"WAVE"
    report = examine(put(tmp_path, "a.wav", head + chunks + bytes(range(100)) * (80 * width)), tmp_path)
    assert (report["verdict"], codes(report)) == ("manual", {"FMT-004"})
