"""What `zhudang audit proof` does."""

from pathlib import Path

from rich.console import Console

from zhudang.audit.words import KEY_NOT_GIVEN
from zhudang.documents.carried import carried_by


def proof(pdf: Path, *, key: str = "") -> int:
    """Check the proof a certificate carries and say what it rests on; gives the exit status.

    Args:
        pdf: the certificate.
        key: the archive's public log key (hex), from its web page or a printed sheet; without it the proof is only
            consistent in itself, and that is said.

    Returns:
        0 when it holds, and is signed with `key` where one is given; 1 when it does not; 2 when there is nothing to check.
    """
    out = Console(highlight=False, soft_wrap=True)
    carried = carried_by(pdf.read_bytes()) if pdf.is_file() else None
    if carried is None:
        out.print(
            f"{pdf} 没有自带的登记证明：不是移交凭证，或签发时日志还没有树根\n"
            f"{pdf} carries no proof: it is no certificate, or was issued before the log had signed roots"
        )
        return 2
    out.print(
        f"日志第 {carried.number} 条，树根含前 {carried.head.size} 条，签于 {carried.head.at}\n"
        f"entry {carried.number} of the log; the root holds the first {carried.head.size}, signed {carried.head.at}"
    )
    out.print(f"树根 root {carried.head.root}")
    out.print(f"公钥 key  {carried.head.key}")
    if not carried.holds:
        out.print(
            "证明不成立：记录、条目、路径、签名没有接上\n"
            "The proof does not hold: record, entry, path and signature do not join"
        )
        return 1
    if key and key.strip().lower() != carried.head.key:
        out.print("证明自成一体，但签名的不是所给的公钥\nConsistent in itself, but not signed with the key given")
        return 1
    out.print("证明成立 / the proof holds" if key else KEY_NOT_GIVEN)
    return 0
