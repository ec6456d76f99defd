"""Commands at an address where something else than an emulator answers, or one that ends too early: one line (O-2)."""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.cli import main

FAILURE, USAGE = 1, 2
OTHERS = {
    "an error in a form of its own": b"HTTP/1.1 404 Not Found\r\nContent-Length: 22\r\n\r\n"
    + b'{"detail":"Not Found"}',
    "an error that is a list": b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n[]",
    "a list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
    "a page that breaks off": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<html>",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
}
COMMANDS = (["healthcheck"], ["reset"], ["demo"], ["save", "out"], ["load", "in"], ["export", "arn", "out"])


@contextmanager
def server(answer: bytes) -> Iterator[str]:
    """The address of a server that answers everything with these bytes."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            headers = iter(self.rfile.readline, b"\r\n")
            length = sum(int(line.split(b":")[1]) for line in headers if line.lower().startswith(b"content-length:"))
            self.rfile.read(length)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}"
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize("answer", OTHERS.values(), ids=list(OTHERS))
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_what_is_no_emulator_is_told_in_one_line(
    command: list[str],
    answer: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").write_bytes(b"an archive")
    with server(answer) as address:
        assert main([*command, "--endpoint", address]) == FAILURE
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("custom-labels: ") and told.err.count("\n") == 1, told.err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [(["save", "out"], b"application/x-tar"), (["export", "arn", "out"], b"application/octet-stream")],
)
def test_a_file_that_breaks_off_is_no_success(
    command: list[str],
    kind: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """O-15, O-25: the file of before stays as it was."""
    monkeypatch.chdir(tmp_path)
    Path("out").write_bytes(b"of before")
    with server(
        b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: 100\r\n\r\nthe beginning"
    ) as address:
        assert main([*command, "--endpoint", address]) == FAILURE
    assert capsys.readouterr().err == "custom-labels: the emulator ended before the file was whole\n"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out", b"of before")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_load_says_what_it_cannot_send(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """O-15: a pipe has no length, so `load <(gunzip -c state.tar.gz)` cannot be."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, told in ((pipe, f"{pipe} is not a file"), (tmp_path, f"{tmp_path} is not a file")):
        assert main(["load", str(path), "--endpoint", "http://127.0.0.1:9"]) == FAILURE
        assert capsys.readouterr().err == f"custom-labels: {told}\n"
    assert main(["load", str(tmp_path / "none"), "--endpoint", "http://127.0.0.1:9"]) == FAILURE
    assert capsys.readouterr().err == f"custom-labels: there is no file {tmp_path / 'none'}\n"


@pytest.mark.parametrize("target", [".", "missing/out"])
@pytest.mark.parametrize("command", [["save"], ["export", "arn"]], ids=lambda command: command[0])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_asked_for(
    command: list[str], target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, str(tmp_path / target), "--endpoint", "http://127.0.0.1:9"]) == FAILURE
    told = capsys.readouterr().err
    assert str(tmp_path) in told and "no emulator answers" not in told and told.count("\n") == 1


@pytest.mark.parametrize(
    "address", ["127.0.0.1:4598", "http://127.0.0.1:abc", "http://127.0.0.1:99999", "http://[::1", "http:// x", ""]
)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_endpoint_that_is_no_address_is_wrong_usage(
    command: list[str], address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--endpoint", address])
    assert ended.value.code == USAGE
    assert f"{address!r} is not an address such as http://127.0.0.1:4598" in capsys.readouterr().err
