"""One attempt at one address: what is missing of a file is fetched, and written behind what is there."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

CHUNK = 1 << 16  # bytes read at most at once: small enough for a bar that moves on a slow line
NO_SUCH_RANGE = 416
WEB_PAGE = "a web page comes instead of the file: does this network want you to log in first?"
# Without "identity" a server may pack what it sends, and neither size nor hash would be those of the file.
HEADERS = {"User-Agent": "course-lib", "Accept-Encoding": "identity"}


class TransferFailed(Exception):
    """This address did not give the file, for the reason in words; another address may."""


def transfer(
    url: str, part: Path, *, size: int, timeout: float, tell: Callable[[int], object] = lambda there: None
) -> bool:
    """Fetch what is missing of a file.

    Args:
        url: http, https or file.
        part: where the bytes go. What it holds already is kept if the server goes on from there, and written anew if
            the server begins at the beginning, as those do that know no Range.
        size: bytes of the whole file; an answer that promises another number is refused before it is read.
        timeout: seconds to wait for a connection, and for each further piece.
        tell: called with the number of bytes in ``part`` whenever that changes.

    Returns:
        True when it went on from bytes that were there before, for which this address cannot vouch.

    Raises:
        TransferFailed: this address has no such file, or broke off. What has come stays in ``part``.
        OSError: ``part`` cannot be written: no other address would help.

    Source: RFC 9110, section 14 (range requests).
    """
    there = _bytes_in(part, size)
    tell(there)
    if there == size:
        return True
    reply, start = _answer(url, there, timeout)
    with reply:
        _refuse_wrong_length(reply, start, size)
        _receive(reply, part, start, size=size, timeout=timeout, tell=tell)
    return start > 0


def _bytes_in(part: Path, size: int) -> int:
    """How many bytes can be gone on from: none when there are more than the whole file has."""
    there = part.stat().st_size if part.exists() else 0
    return there if there <= size else 0


def _answer(url: str, there: int, timeout: float) -> tuple[Any, int]:
    """Ask for what follows the first ``there`` bytes. Returns the reply, and at which byte of the file it begins."""
    try:
        reply = urlopen(
            Request(url, headers=HEADERS | ({"Range": f"bytes={there}-"} if there else {})), timeout=timeout
        )
    except HTTPError as error:
        error.close()
        if error.code == NO_SUCH_RANGE and there:
            return _answer(url, 0, timeout)
        raise TransferFailed(f"the server answers {error.code} {error.reason}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise TransferFailed(_words(error, timeout)) from None
    if reply.headers.get_content_type() == "text/html":
        reply.close()
        raise TransferFailed(WEB_PAGE)
    if reply.status != 206:
        return reply, 0  # all of it, whatever was asked for
    begins = re.match(r"bytes (\d+)-", reply.headers.get("Content-Range", ""))
    if begins and int(begins[1]) == there:
        return reply, there
    reply.close()
    if there:
        return _answer(url, 0, timeout)
    raise TransferFailed("the server sends a part from the middle, and the whole was asked for")


def _refuse_wrong_length(reply: Any, start: int, size: int) -> None:
    length = reply.headers.get("Content-Length", "")
    if length.isdigit() and start + int(length) != size:
        raise TransferFailed(f"the server has {start + int(length):,} bytes under this address, the file has {size:,}")


def _receive(reply: Any, part: Path, start: int, *, size: int, timeout: float, tell: Callable[[int], object]) -> None:
    there = start
    with part.open("ab" if start else "wb") as out:
        tell(there)
        while chunk := _read(reply, timeout):
            if there == 0 and chunk[:64].lstrip().lower().startswith((b"<!doctype html", b"<html")):
                raise TransferFailed(WEB_PAGE)
            there += len(chunk)
            if there > size:
                raise TransferFailed(f"more comes than the {size:,} bytes of the file")
            out.write(chunk)
            tell(there)
    if there < size:
        raise TransferFailed(f"the connection ended after {there:,} of {size:,} bytes")


def _read(reply: Any, timeout: float) -> bytes:
    """Whatever has come, at once: ``read`` would wait for a whole chunk, and lose it at a time-out."""
    try:
        return reply.read1(CHUNK)
    except (OSError, HTTPException) as error:
        raise TransferFailed(_words(error, timeout)) from None


def _words(error: Exception, timeout: float) -> str:
    reason = error.reason if isinstance(error, URLError) else error  # urllib packs most of them into one
    if isinstance(reason, TimeoutError):
        return f"nothing came for {timeout:g} s"
    if isinstance(reason, socket.gaierror):
        return f"the server's name is not found: is there a network? ({reason.strerror})"
    if isinstance(reason, ssl.SSLError):
        return f"no safe connection ({reason})"
    return str(getattr(reason, "strerror", None) or reason) or type(reason).__name__
