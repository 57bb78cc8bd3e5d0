"""Workers that read strangers' files reach no network and keep no rights; where that fails, it is said."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from samples.checks import images
from zhudang.checks import isolation
from zhudang.checks.engine import Engine
from zhudang.checks.report_words import isolation_words
from zhudang.checks.settings import CheckSettings

SOURCE = Path(__file__).parents[2] / "src"
PROBE = """
import json, socket, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from zhudang.checks.isolation import isolate
held = isolate(network=sys.argv[3] == "cut")
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=2).close()
    reached = True
except OSError:
    reached = False
rights = Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0]
print(json.dumps({"held": held, "reached": reached, "rights": int(rights, 16), "read": Path(sys.argv[4]).read_text()}))
"""


def probe(place: Path, mode: str, **options: object) -> dict:
    place.write_text("content")
    place.chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        command = [sys.executable, "-c", PROBE, str(SOURCE), port, mode, str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, **options)
    return json.loads(done.stdout)


def test_what_is_said_to_be_cut_off_is_cut_off(tmp_path: Path):
    seen = probe(tmp_path / "file.txt", "cut")
    assert seen["reached"] == (isolation.NETWORK not in seen["held"])
    assert (seen["rights"] in {0, 1 << isolation.CAP_DAC_READ_SEARCH}) == (isolation.RIGHTS in seen["held"])
    assert seen["read"] == "content"


def test_a_scanner_at_a_network_address_stays_reachable(tmp_path: Path):
    seen = probe(tmp_path / "file.txt", "open")
    assert seen["reached"]
    assert isolation.NETWORK not in seen["held"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only a superuser's rights need to be given up")
def test_a_superuser_s_worker_still_reads_what_others_own(tmp_path: Path):
    place = tmp_path / "file.txt"
    place.write_text("content")
    os.chown(place, 12345, 12345)
    assert probe(place, "cut")["read"] == "content"


def test_the_report_says_whether_its_parsers_were_isolated(tmp_path: Path):
    with Engine(workers=1, settings=CheckSettings()) as engine:
        assert engine.isolation is None
        engine.check(images.picture(tmp_path, "a.png"))
        held = engine.isolation
    assert held is not None
    assert held == engine.isolation
    assert ("未隔离" in isolation_words(held, "zh")) == (isolation.NETWORK not in held)
    assert isolation_words((), "zh") == "未隔离"
    assert isolation_words((), "en") == "not isolated"
