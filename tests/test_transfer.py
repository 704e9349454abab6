"""One attempt at one address: what it brings, what it keeps, and the words for every way to fail."""

import socket
import ssl
from urllib.error import URLError

import pytest

from course_lib.transfer import TransferFailed, transfer
from tests.misbehaving import Misbehaving

BODY = bytes(range(256)) * 1000


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with Misbehaving() as server:
        server.files["a.bin"] = BODY
        yield server


def attempt(server, tmp_path, behaviour, **options):
    return transfer(server.url(behaviour, "a.bin"), tmp_path / "part", size=len(BODY), **{"timeout": 10} | options)


@pytest.mark.parametrize("behaviour", ["good", "names no length"])
def test_it_brings_every_byte(server, tmp_path, behaviour):
    told = []
    assert attempt(server, tmp_path, behaviour, tell=told.append) is False
    assert (tmp_path / "part").read_bytes() == BODY
    assert told == sorted(told) and told[0] == 0 and told[-1] == len(BODY)


def test_it_goes_on_from_what_is_there(server, tmp_path):
    (tmp_path / "part").write_bytes(BODY[:100_000])
    assert attempt(server, tmp_path, "good") is True
    assert (tmp_path / "part").read_bytes() == BODY
    assert server.asked == [("good", "bytes=100000-")]


@pytest.mark.parametrize("behaviour", ["knows no range", "refuses ranges", "another range"])
def test_a_server_without_ranges_begins_again_and_nothing_is_appended(server, tmp_path, behaviour):
    (tmp_path / "part").write_bytes(BODY[:100_000])
    assert attempt(server, tmp_path, behaviour) is False
    assert (tmp_path / "part").read_bytes() == BODY


def test_nothing_is_asked_for_when_all_is_there(server, tmp_path):
    (tmp_path / "part").write_bytes(BODY)
    assert attempt(server, tmp_path, "good") is True
    assert server.asked == []


def test_more_than_the_whole_is_thrown_away(server, tmp_path):
    (tmp_path / "part").write_bytes(BODY + b"more")
    assert attempt(server, tmp_path, "good") is False
    assert (tmp_path / "part").read_bytes() == BODY
    assert server.asked == [("good", None)]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("not found", "404 Not Found"),
        ("broken", "503 Service Unavailable"),
        ("cuts off", "ended after 128,000 of 256,000 bytes"),
        ("cuts off a short one", "has 128,000 bytes under this address, the file has 256,000"),
        ("too much", "more comes than the 256,000 bytes"),
        ("too much, and says so", "has 256,004 bytes under this address"),
        ("a middle part", "a part from the middle"),
        ("a page", "a web page comes instead of the file"),
        ("a page in disguise", "a web page comes instead of the file"),
        ("no http", "SSH-2.0"),
        ("hangs up", "closed connection without response"),
    ],
)
def test_a_failure_has_words(server, tmp_path, behaviour, words):
    with pytest.raises(TransferFailed, match=words):
        attempt(server, tmp_path, behaviour)


@pytest.mark.parametrize(("behaviour", "come"), [("hangs", 0), ("waits", len(BODY) // 2)])
def test_waiting_has_an_end_and_what_came_is_kept(server, tmp_path, behaviour, come):
    with pytest.raises(TransferFailed, match=r"nothing came for 0\.2 s"):
        attempt(server, tmp_path, behaviour, timeout=0.2)
    part = tmp_path / "part"
    assert (part.read_bytes() if part.exists() else b"") == BODY[:come]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/a.bin", "refused"),
        ("http://[broken/a.bin", "Invalid IPv6 URL"),
        ("file:///nowhere/a.bin", "No such file|cannot find"),
    ],
)
def test_no_server_has_words(tmp_path, monkeypatch, url, words):
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(TransferFailed, match=words):
        transfer(url, tmp_path / "part", size=10, timeout=10)


def test_no_network_has_words(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(TransferFailed, match="the server's name is not found: is there a network?"):
        transfer("https://example.org/a.bin", tmp_path / "part", size=10, timeout=1)


def test_a_certificate_that_is_not_trusted_has_words(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise URLError(ssl.SSLCertVerificationError(1, "certificate verify failed: unable to get local issuer"))

    monkeypatch.setattr("course_lib.transfer.urlopen", refuse)
    with pytest.raises(TransferFailed, match="no safe connection .*certificate verify failed"):
        transfer("https://example.org/a.bin", tmp_path / "part", size=10, timeout=1)


def test_a_file_on_a_stick_is_an_address_too(tmp_path):
    (tmp_path / "a.bin").write_bytes(BODY)
    (tmp_path / "part").write_bytes(BODY[:7])
    assert transfer((tmp_path / "a.bin").as_uri(), tmp_path / "part", size=len(BODY), timeout=1) is False
    assert (tmp_path / "part").read_bytes() == BODY
