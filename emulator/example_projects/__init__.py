"""The four example projects (C-2 to C-4): pictures that are drawn here, with their labels; the same ones every time."""

from __future__ import annotations

from typing import Literal

ExampleId = Literal["rooms", "flowers", "logos", "circuit-boards"]
