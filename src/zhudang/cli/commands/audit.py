"""Commands about the log."""

import sys
from pathlib import Path

from zhudang.cli.files import READ
from zhudang.cli.typed import InGivenOrder, argument, load_django, offer, text_option


def audit_verify() -> None:
    """核验日志：被改、被删、被插、被换序的行 / find changed, removed, inserted or reordered rows."""
    load_django()
    from zhudang.audit import command

    sys.exit(command.verify())


def audit_proof(pdf: Path, key: str) -> None:
    """不联网、不问数据库，查凭证自带的登记证明，或日志页上下载的证明 / check the proof a certificate carries, or one taken from the log's pages, without any database."""
    load_django()
    from zhudang.audit import command as of_the_log
    from zhudang.documents import command

    told = of_the_log.proof(pdf, key=key)
    sys.exit(command.proof(pdf, key=key) if told is None else told)


COMMANDS = (
    InGivenOrder(
        "audit",
        {
            "verify": offer(audit_verify, name="verify"),
            "proof": offer(
                audit_proof,
                argument("pdf", "凭证的 PDF，或证明的 JSON / the certificate, or the proof", kind=READ),
                text_option("--key", "档案馆公布的日志公钥 / the archive's published log key", ""),
                name="proof",
            ),
        },
        help="日志 / the log nobody can edit",
        no_args_is_help=True,
    ),
)
