"""The container's image, built from the Dockerfile without a Docker engine, and processes that run in it.

buildah builds it. What the Dockerfile builds upon comes from registries of images, which are not asked: Debian with its
own Python, made by debootstrap, stands in for `python:…-slim-bookworm`, and the page that `make console` built for
Node's stage. A process runs in the image's root as the container would have it: with its variables, its user, a
read-only system, a volume at /data, in a mount namespace of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support import contract_tools
from support.server import PROJECT_ROOT

TAG = "custom-labels-emulator"
SUITE = "bookworm"
BUILD_SECONDS = 900
USER = "4598:4598"
# What pip is told about the way to its packages.
_OF_THE_INDEX = ("cert", "default-timeout", "index-url", "proxy", "timeout", "trusted-host")
_MOUNTS = """
mount --bind "$1" "$1" && mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --rbind /sys "$1/sys"
mount --bind "$2" "$1/data" && mount -t tmpfs tmpfs "$1/tmp" && mount -o remount,ro,bind "$1"
root="$1"
shift 2
exec chroot --userspec=4598:4598 "$root" /usr/bin/env --ignore-environment --chdir=/data "$@"
"""


def require_tools() -> None:
    """Skips the test where the image cannot be built."""
    if os.geteuid() != 0:
        pytest.skip("mounting a root file system needs root")
    for name in ("buildah", "debootstrap", "unshare", "chroot"):
        contract_tools.command(name)


def debian_with_python() -> Path:
    """An archive of Debian with Python and pip, made once; skips the test where Debian's packages cannot be had."""
    key = f"debian-{SUITE}"
    archive = contract_tools.folder() / key / "root.tar"
    with contract_tools.installing(key) as place:
        if place is not None:
            root = place / "root"
            packages = "--include=python3,python3-pip,ca-certificates"
            contract_tools.run_or_skip(["debootstrap", "--variant=minbase", packages, SUITE, str(root)])
            (root / "usr" / "bin" / "python").symlink_to("python3")
            contract_tools.run_or_skip(["tar", "--create", "--file", str(archive), "--directory", str(root), "."])
            shutil.rmtree(root)
    return archive


@dataclass
class Image:
    """An image in a store of buildah's of its own below `folder`; `root` is its file system once it is mounted."""

    folder: Path
    root: Path = Path()

    def buildah(self, *words: str, seconds: float = BUILD_SECONDS) -> str:
        """Run buildah on the store; what it printed. AssertionError with all that it said where it fails."""
        store = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run")]
        ended = subprocess.run(
            ["buildah", *store, *words], capture_output=True, text=True, timeout=seconds, check=False
        )
        assert ended.returncode == 0, f"buildah {words}:\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
        return ended.stdout.strip()

    def build(self) -> None:
        """Build it from the Dockerfile, and mount it."""
        dockerfile = self._context()
        self._stand_in(re.findall(r"^FROM (python:\S+)", dockerfile, re.MULTILINE)[0])
        options = ["--isolation=chroot", "--pull-never", "--format=docker", f"--tag={TAG}", *self._pip_of_the_host()]
        try:
            self.buildah("bud", *options, str(self.folder / "context"))
        except AssertionError:  # packages come over a network, which deserves a second try
            self.buildah("bud", *options, str(self.folder / "context"))
        container = self.buildah("from", "--pull-never", TAG)
        self.root = Path(self.buildah("mount", container))

    def configuration(self) -> Mapping[str, Any]:
        """What the image says about itself: Env, User, Entrypoint, Cmd, Healthcheck …"""
        described: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", TAG))["Docker"]["config"]
        return described

    def command(self, data: Path, words: Sequence[str], **variables: str) -> list[str]:
        """The command that runs another one in the image, with `data` as its volume."""
        environment = dict(pair.split("=", 1) for pair in self.configuration()["Env"]) | variables
        pairs = [f"{name}={value}" for name, value in environment.items()]
        namespace = ["unshare", "--mount", "--propagation", "private", "sh", "-eu", "-c", _MOUNTS, "sh"]
        return [*namespace, str(self.root), str(data), *pairs, *words]

    def close(self) -> None:
        """Unmount and forget everything."""
        self.buildah("umount", "--all")
        self.buildah("rm", "--all")
        self.buildah("rmi", "--all", "--force")

    def _context(self) -> str:
        """Lay out what the Dockerfile copies; the Dockerfile as it is built here."""
        context = self.folder / "context"
        context.mkdir()
        ignored = shutil.ignore_patterns("__pycache__", "static", "static.new", ".page-build*")
        for name in (
            "pyproject.toml",
            "README.md",
            "LICENSE",
            "NOTICE",
            "models",
            "migrations",
            "emulator",
            "container",
        ):
            source = PROJECT_ROOT / name
            if source.is_dir():
                shutil.copytree(source, context / name, ignore=ignored)
            else:
                shutil.copy(source, context / name)
        page = PROJECT_ROOT / "emulator" / "console" / "static"
        if page.is_dir():
            shutil.copytree(page, context / "page")
        else:
            (context / "page").mkdir()
        text = (PROJECT_ROOT / "Dockerfile").read_text()
        before, _, rest = text.partition("FROM node:")
        dockerfile = before + "FROM scratch AS page\nCOPY page /page\n\n" + rest[rest.index("# Build:") :]
        # Of Docker 25; Debian's buildah is older.
        dockerfile = dockerfile.replace(" --start-interval=1s", "")
        (context / "Dockerfile").write_text(dockerfile)
        return dockerfile

    def _stand_in(self, name: str) -> None:
        container = self.buildah("from", "scratch")
        self.buildah("add", container, str(debian_with_python()), "/")
        self.buildah("commit", "--format", "docker", "--rm", container, name)

    def _pip_of_the_host(self) -> list[str]:
        """Mounts that let pip in the build reach the index that pip reaches here."""
        words = [
            line.split("=", 1)
            for line in contract_tools.run_or_skip([sys.executable, "-m", "pip", "config", "list"]).splitlines()
        ]
        settings = {name.rpartition(".")[2]: value.strip("'") for name, value in words}
        kept = {name: value for name, value in settings.items() if name in _OF_THE_INDEX}
        lines = "".join(f"{name} = {value}\n" for name, value in kept.items())
        (self.folder / "pip.conf").write_text("[global]\n" + lines)
        mounts = {str(self.folder / "pip.conf"): "/etc/pip.conf"} | {path: path for path in (kept.get("cert"),) if path}
        return [word for source, target in mounts.items() for word in ("--volume", f"{source}:{target}:ro")]
