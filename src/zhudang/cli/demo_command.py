"""`zhudang demo`: the product with the demo city; `--smoke` walks the whole road and exits."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from zhudang.cli import serve
from zhudang.cli.supervisor import Plan


def run(*, port: int, smoke: bool) -> int:
    """Serve the demo city, or serve it on a free port and walk the road through it."""
    os.environ["ZHUDANG_DEMO"] = "1"
    if smoke:
        return _smoke()
    os.environ.setdefault("ZHUDANG_PUBLIC_URL", f"http://127.0.0.1:{port}")
    plan = Plan(host="127.0.0.1", port=port, web_processes=2, worker_processes=1, demo=True)
    print("· 启动 / starting …", flush=True)
    return serve.run(plan, when_ready=_load_and_announce)


def _load_and_announce(url: str) -> None:
    """In a thread, so that the guardian keeps watching while the city is being built."""
    threading.Thread(target=_load, args=(url,), daemon=True).start()


def _load(url: str) -> None:
    if subprocess.run([sys.executable, "-m", "zhudang.demo", "load", url], check=False).returncode:
        print("演示城没有装载完 / the demo city was not loaded completely", file=sys.stderr)
    print("  Ctrl-C 停止全部 / stops everything", flush=True)


def _smoke() -> int:
    """Start a separate installation on a free port, walk the road, stop it, give 0 or 1."""
    port = serve.free_port()
    with tempfile.TemporaryDirectory(prefix="zhudang-smoke-") as folder:
        Path(folder).chmod(0o755)
        url = f"http://127.0.0.1:{port}"
        env = {**os.environ, "ZHUDANG_DATA": folder, "ZHUDANG_PUBLIC_URL": url, "ZHUDANG_DEMO": "1"}
        server = subprocess.Popen([sys.executable, "-m", "zhudang", "serve", "--port", str(port)], env=env)
        try:
            if not _wait_ready(url, server):
                print("✗ 服务没有就绪 / the service did not become ready")
                return 1
            load = subprocess.run([sys.executable, "-m", "zhudang.demo", "load"], env=env, check=False)
            if load.returncode:
                print("✗ 演示城装载失败 / the demo city was not loaded")
                return 1
            return subprocess.run(
                [sys.executable, "-m", "zhudang.demo", "smoke", json.dumps({"url": url})], env=env, check=False
            ).returncode
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(40)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_ready(url: str, server: subprocess.Popen[bytes], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        if serve.is_ready(url):
            return True
        time.sleep(0.2)
    return False
