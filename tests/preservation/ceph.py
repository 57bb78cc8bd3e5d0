"""A real S3 server for the tests: Ceph on loopback, one monitor, one OSD in memory, one gateway (radosgw).

Debian: `radosgw ceph-mon ceph-osd`. The bucket is its owner's; the application is another user, who may what the policy of
docs/operations/s3-sites.md lets it. Nothing outlives the session.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zhudang.preservation.bucket.client import Bucket
from zhudang.preservation.bucket.credentials import Credentials
from zhudang.preservation.domain.s3_address import S3Address

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph-authtool", "monmaptool", "ceph")
OWNER, APPLICATION = Credentials("OWNERKEY", "owner-secret"), Credentials("APPKEY", "application-secret")
GUIDE = Path(__file__).parents[2] / "docs" / "operations" / "s3-sites.md"

_CONF = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon}]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = {folder}/keyring
run dir = {folder}
crash dir = {folder}
admin socket = {folder}/$name.$pid.asok
log file = /dev/null
mon cluster log file = /dev/null
pid file =
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd heartbeat interval = 1
mon allow pool size one = true
paxos propose interval = 0.02
paxos min wait = 0.01
debug none = 0/0
debug ms = 0/0
debug osd = 0/0
debug rgw = 0/0
debug mon = 0/0
debug paxos = 0/0
debug auth = 0/0
debug objclass = 0/0
debug monc = 0/0
debug memstore = 0/0
debug objecter = 0/0
[mon]
mon data = {folder}/mon
mon data avail crit = 1
mon data avail warn = 1
mon max pg per osd = 500
[osd]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd class load list = *
osd class default list = *
[client]
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1 ssl_endpoint=127.0.0.1:{tls} ssl_certificate={folder}/tls.pem
rgw data = {folder}
rgw enable apis = s3
rgw thread pool size = 16
rgw enable gc threads = false
rgw enable lc threads = false
rgw dynamic resharding = false
rgw override bucket index max shards = 1
"""


def lacking() -> list[str]:
    """The programs of Ceph that are not there."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Ceph:
    """The server; `folder` holds what it needs while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        tls = _free_port()
        self.tls_endpoint, self.ca_file = f"https://127.0.0.1:{tls}", folder / "tls.pem"
        (folder / "mon").mkdir(parents=True)
        (folder / "osd").mkdir()
        self.ca_file.write_bytes(_own_certificate())
        fsid = str(uuid.uuid4())
        conf = folder / "ceph.conf"
        conf.write_text(
            _CONF.format(fsid=fsid, mon=_free_port(), port=self.port, tls=tls, folder=folder), encoding="utf-8"
        )
        self._environment = {**os.environ, "CEPH_CONF": str(conf), "CEPH_ARGS": ""}
        self._running: list[subprocess.Popen[bytes]] = []
        self._gateway: subprocess.Popen[bytes] | None = None
        self._fsid = fsid

    def start(self) -> None:
        keys = ["ceph-authtool", str(self.folder / "keyring"), "--gen-key"]
        self._run(*keys, "-C", "-n", "mon.", "--cap", "mon", "allow *")
        for name in ("client.admin", "osd.0"):
            self._run(*keys, "-n", name, "--cap", "mon", "allow *", "--cap", "osd", "allow *")
        mon = re.search(r"mon host = (\S+)", (self.folder / "ceph.conf").read_text())
        assert mon
        monmap = str(self.folder / "monmap")
        self._run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", mon[1], monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", str(self.folder / "keyring"))
        self._running.append(self._spawn("ceph-mon", "-f", "-i", "a"))
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._running.append(self._spawn("ceph-osd", "-f", "-i", "0"))
        self._user("owner", OWNER)
        self._user("app", APPLICATION)
        self._gateway = self._spawn("radosgw", "-f", "-n", "client.admin")
        self._answers(self.port)

    def stop(self) -> None:
        for process in reversed([*self._running, *filter(None, [self._gateway])]):
            process.kill()
            process.wait()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Stop the gateway in the middle of whatever it does: it takes connections and answers nothing."""
        assert self._gateway
        self._gateway.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._gateway.send_signal(signal.SIGCONT)

    @contextmanager
    def with_clock(self, off: str) -> Iterator[str]:
        """A second gateway whose clock is off by so much ("+7m"); gives its endpoint. Debian: `faketime`."""
        port = _free_port()
        second = self._spawn(
            "faketime",
            "-f",
            off,
            "radosgw",
            "-f",
            "-n",
            "client.admin",
            f"--rgw-frontends=beast endpoint=127.0.0.1:{port}",
        )
        try:
            self._answers(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            second.kill()
            second.wait()

    def bucket(
        self, name: str, *, policy: dict[str, Any] | None = None, versioned: bool = True, locked: bool = False
    ) -> Bucket:
        """Make a bucket as its owner and give it to look into it past the application; policy None is the guide's."""
        owner = Bucket(S3Address(self.endpoint, name), OWNER)
        owner.ask("create_bucket", ObjectLockEnabledForBucket=locked)
        if versioned:
            owner.ask("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
        owner.ask("put_bucket_policy", Policy=json.dumps(policy or guide_policy(name)))
        return owner

    def _answers(self, port: int) -> None:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the gateway does not answer")

    def _user(self, name: str, known_by: Credentials) -> None:
        self._run(
            "radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}",
            f"--access-key={known_by.access_key}", f"--secret-key={known_by.secret_key}",
        )  # fmt: skip

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, env=self._environment, capture_output=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr.decode(errors='replace')[-2000:]}")

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def guide_policy(bucket: str) -> dict[str, Any]:
    """The policy that the operations guide tells people to give a bucket, filled in for this server."""
    text = GUIDE.read_text(encoding="utf-8")
    found = re.search(r"```json policy\n(.*?)```", text, re.DOTALL)
    assert found, "the guide lost its policy"
    told = found[1].replace("BUCKET", bucket).replace("APPLICATION", "arn:aws:iam:::user/app")
    told = told.replace("KEEPER", "arn:aws:iam:::user/owner")
    return dict(json.loads(told))


def _own_certificate() -> bytes:
    """A key and a certificate for 127.0.0.1 that nobody signed but itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
