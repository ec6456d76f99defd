"""What docs/clients.md tells to type, typed: variables, boto3, and a request without an SDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.code_blocks import CodeBlock, code_blocks
from support.command_line import command_environment
from support.server import EmulatorProcess

ADDRESS = "http://127.0.0.1:4598"
TYPED = [
    block
    for block in code_blocks("docs/clients.md")
    if block.language in ("sh", "python") and not block.text.startswith("aws ")
]


@pytest.mark.parametrize("block", TYPED, ids=str)
def test_block_as_it_stands(block: CodeBlock, emulator: EmulatorProcess, tmp_path: Path) -> None:
    assert ADDRESS in block.text
    text = block.text.replace(ADDRESS, emulator.endpoint)
    if block.text.startswith("export"):  # what every program takes from there
        text += f"""{sys.executable} -c 'import boto3; print(boto3.client("rekognition").describe_projects())'"""
    command = [sys.executable, "-"] if block.language == "python" else ["sh", "-e"]
    ended = subprocess.run(
        command,
        input=text,
        cwd=tmp_path,
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "[" in ended.stdout, ended.stdout
