"""Answers of a server no longer than answers are: a listing or an error that never ends would fill the memory.

What is asked for as a stream is the caller's to bound; all else the client's library would read whole.
"""

from __future__ import annotations

from typing import Any

MOST = 64 * 1024 * 1024
"""Bytes of one answer; a thousand keys of the longest kind, each escaped, have some ten million."""
_PIECE = 64 * 1024


class BoundedSession:
    """The library's session, which reads what is no stream up to `MOST` and refuses the rest."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> Any:
        """Send a request; give the answer as the library's own session does."""
        from botocore import exceptions
        from urllib3.exceptions import ProtocolError, ReadTimeoutError

        whole, request.stream_output = not request.stream_output, True
        answer = self._session.send(request)
        if not whole and answer.status_code < 300:
            return answer
        try:
            answer._content = _all_of(answer.raw)
        except ReadTimeoutError as late:
            raise exceptions.ReadTimeoutError(endpoint_url=request.url, error=late) from late
        except ProtocolError as broken:
            raise exceptions.ConnectionClosedError(endpoint_url=request.url, error=broken, request=request) from broken
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class TooLong(Exception):
    """An answer is longer than any may be."""


def _all_of(raw: Any) -> bytes:
    pieces, size = [], 0
    for piece in raw.stream(_PIECE):
        size += len(piece)
        if size > MOST:
            raw.close()
            raise TooLong
        pieces.append(piece)
    return b"".join(pieces)
