"""Where in a file a member of its document stands, so that a mistake is told with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

Step = str | int

_SPACE = re.compile(r"[ \t\r\n]*")


class DocumentError(ValueError):
    """A file is not JSON or not YAML, or says a member twice; `line` counts from 1, 0 where it is not known."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class Places:
    """The document of a file, JSON or YAML, and the lines of its members."""

    def __init__(self, path: Path) -> None:
        """Raises DocumentError; OSError, UnicodeDecodeError."""
        self._text = path.read_text(encoding="utf-8-sig")
        self._root: yaml.Node | None = None
        if path.suffix.lower() in (".yaml", ".yml"):
            self.document = self._read_yaml()
        else:
            self.document = self._read_json()

    def line(self, steps: Sequence[Step]) -> int:
        """The line of a member, or of the innermost one around it that is there."""
        if self._root is not None:
            return _line_in_yaml(self._root, steps)
        return self._text.count("\n", 0, _JsonWalk(self._text).find(steps)) + 1

    def _read_json(self) -> object:
        try:
            document: object = json.loads(self._text, object_pairs_hook=_unique)
        except json.JSONDecodeError as error:
            raise DocumentError(error.lineno, f"it is not JSON: {error.msg}") from None
        except _TwiceError as error:
            name = json.dumps(error.name)
            second = [found.start() for found in re.finditer(re.escape(name) + r"\s*:", self._text)][-1:]
            line = self._text.count("\n", 0, second[0]) + 1 if second else 0
            raise DocumentError(line, f"{name} is there twice") from None
        except RecursionError:
            raise DocumentError(0, "it is nested too deep") from None
        return document

    def _read_yaml(self) -> object:
        try:
            import yaml
        except ImportError:
            raise DocumentError(
                0, "YAML needs PyYAML: pip install 'custom-labels-emulator[yaml]', or write the file in JSON"
            ) from None
        # BaseLoader takes every scalar for text: account ids keep their zeros, 2012-10-17 does not become a date.
        loader = yaml.BaseLoader(self._text)
        try:
            self._root = loader.get_single_node()
            _refuse_doubles(self._root)
            document: object = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise DocumentError(0 if mark is None else mark.line + 1, f"it is not YAML: {error.problem}") from None
        except RecursionError:
            raise DocumentError(0, "it is nested too deep") from None
        finally:
            loader.dispose()
        return document


class _TwiceError(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise _TwiceError(name)
        members[name] = value
    return members


class _JsonWalk:
    """Walks through a JSON text that is known to be right, to the place of a member."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder()

    def find(self, steps: Sequence[Step]) -> int:
        """The index where the member begins (the name of an object's member)."""
        position = self._skip(0)
        place = position
        for step in steps:
            found = self._member(position, step)
            if found is None:
                break
            place, position = found
        return place

    def _skip(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return position if match is None else match.end()

    def _member(self, position: int, step: Step) -> tuple[int, int] | None:
        """Where a member begins and where its value does, None if it is not there."""
        opening = self._text[position : position + 1]
        if opening not in ("{", "["):
            return None
        position, index = self._skip(position + 1), 0
        while self._text[position] not in "}]":
            place: int = position
            name: Step = index
            if opening == "{":
                name, position = self._decoder.raw_decode(self._text, position)
                position = self._skip(self._skip(position) + 1)
            if name == step:
                return place, position
            position = self._skip(self._decoder.raw_decode(self._text, position)[1])
            if self._text[position] == ",":
                position = self._skip(position + 1)
            index += 1
        return None


def _line_in_yaml(node: yaml.Node, steps: Sequence[Step]) -> int:
    import yaml

    line = node.start_mark.line + 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _refuse_doubles(node: yaml.Node | None) -> None:
    """Raises DocumentError for a mapping with one name twice, and for what refers to other places (anchors)."""
    import yaml

    seen: set[int] = set()

    def look(node: yaml.Node) -> None:
        if id(node) in seen:
            raise DocumentError(node.start_mark.line + 1, "anchors and aliases are not read; write it twice")
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                look(item)
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise DocumentError(key.start_mark.line + 1, "a name must be text")
                if key.value in names:
                    raise DocumentError(key.start_mark.line + 1, f'"{key.value}" is there twice')
                names.add(key.value)
                look(value)

    if node is not None:
        look(node)
