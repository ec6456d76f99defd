"""`lint --fix`: what is safe to mend in a manifest, mended into a new file."""

from __future__ import annotations

import ast
import codecs
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from emulator.domain.json_values import JsonObject, JsonValue
from emulator.domain.manifest.attributes import METADATA_SUFFIX, is_manifest_date
from emulator.domain.manifest.decoding import NotJsonObjectError, decode_line
from emulator.domain.manifest.limits import MAXIMUM_LINE_CHARACTERS
from emulator.lint.check import OnRead, ignore_reading
from emulator.lint.dates import as_manifest_date
from emulator.lint.errors import ConversionError, UsageError
from emulator.lint.recognising import HEAD_BYTES, encoding_of, recognise

_PIECE = 256 * 1024
_LONGEST_OBJECT = 4 * 1024 * 1024
"""Characters that are gathered at most while an object over several lines does not end."""
_SEPARATORS = re.compile("[\n\r\u2028\u2029\u0085\x1e\x0b\x0c\x1c\x1d]")
_AROUND = "\ufeff\u200b\u00a0\u2060\u2028\u2029\u0085\x00\x1a \t\r\n,;"
# A string, closed or not, or one character.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|.', re.DOTALL)
_NAN = re.compile(r"-?(?:NaN|nan|NAN)\b")


@dataclass(slots=True)
class Fixes:
    """What was done: how many lines were read and written, what was mended how often, and what could not be.

    `left` are the numbers of the first lines of the new file that are not JSON objects still.
    """

    read: int = 0
    written: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    left: list[int] = field(default_factory=list)
    left_count: int = 0


def fix(source: Path, target: Path, on_read: OnRead = ignore_reading) -> Fixes:
    """Write `source` anew into `target`, one JSON object a line in UTF-8, with what is safe to mend mended.

    Lines that are good keep their characters. Lines that cannot be mended are written as they are, so that nothing is
    lost. Memory is bounded by the longest object. `target` appears whole or not at all. Raises OSError, and
    ConversionError for a file that is not text.
    """
    fixes = Fixes()
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as stream:
            for text in _objects(source, fixes, on_read):
                stream.write(text + "\n")
                fixes.written += 1
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return fixes


def _objects(source: Path, fixes: Fixes, on_read: OnRead) -> Iterator[str]:
    """The lines of the new file."""
    waiting, depth = "", 0  # an object that goes on in the next line, and how many brackets it has left open
    for line in _lines(source, fixes, on_read):
        fixes.read += 1
        if waiting and not _begins_anew(line):
            waiting, depth = f"{waiting}\n{line}", depth + _opened(line)
            if depth <= 0 or len(waiting) > _LONGEST_OBJECT:
                yield from _whole(waiting, fixes)
                waiting = ""
            continue
        if waiting:
            yield from _kept(waiting, fixes)
            waiting = ""
        mended = _mended(line, fixes)
        if mended is not None:
            yield from mended
        elif (begun := line.lstrip(_AROUND + "[")).startswith("{") and _opened(begun) > 0:
            waiting, depth = begun, _opened(begun)
        else:
            yield from _kept(line, fixes)
    if waiting:
        yield from _kept(waiting, fixes)


def _whole(text: str, fixes: Fixes) -> Iterator[str]:
    """An object that was gathered from several lines."""
    mended = _mended(text, fixes)
    if mended is None:
        yield from _kept(text, fixes)
        return
    fixes.mended["objects over several lines written in one"] += 1
    yield from mended


def _begins_anew(line: str) -> bool:
    """Whether a line is an object of its own, not a part of one that a line before began."""
    return '"source-ref"' in line and line.lstrip(_AROUND + "[").startswith("{") and _mended(line, Fixes()) is not None


def _opened(line: str) -> int:
    """How many more brackets a line opens than it closes, outside of texts."""
    tokens = [found[0] for found in _TOKENS.finditer(line)]
    return sum(token in "{[" for token in tokens) - sum(token in "}]" for token in tokens)


def _kept(text: str, fixes: Fixes) -> Iterator[str]:
    for line in text.split("\n"):
        fixes.left_count += 1
        if len(fixes.left) < 10:
            fixes.left.append(fixes.written + 1)
        yield line


def _lines(source: Path, fixes: Fixes, on_read: OnRead) -> Iterator[str]:
    """The lines of the file, whatever they are separated by and in whatever encoding."""
    with source.open("rb") as raw:
        encoding = encoding_of(raw.read(HEAD_BYTES))
        raw.seek(0)
        if encoding == "utf-8-sig":
            fixes.mended["byte order mark removed"] += 1
        elif encoding not in ("utf-8", "cp1252"):
            fixes.mended[f"encoding changed from {encoding.upper()} to UTF-8"] += 1
        decoder = _Decoder(encoding, fixes)
        rest = ""
        while piece := raw.read(_PIECE):
            on_read(len(piece))
            text = rest + decoder.decode(piece)
            # A carriage return at the end of a piece may belong to a line feed that is still to come.
            held = "\r" if text.endswith("\r") else ""
            *ended, rest = _split(text.removesuffix("\r") if held else text, fixes)
            rest += held
            yield from ended
        rest += decoder.decode(b"", True)
        lines = list(_split(rest, fixes))
        yield from lines[:-1] if lines and not lines[-1] else lines


def _split(text: str, fixes: Fixes) -> list[str]:
    """Split at line ends of every kind; separators within JSON strings are none, for JSON escapes line ends."""
    if "\r\n" in text:
        fixes.mended["line ends changed from CR LF to LF"] += text.count("\r\n")
        text = text.replace("\r\n", "\n")
    if not _SEPARATORS.search(text.replace("\n", "")):
        return text.split("\n")
    if re.search("[\r\x1e\x0b\x0c\x1c\x1d]", text) or re.search("[\u2028\u2029\u0085]+\\s*\\{", text):
        changed = re.sub("[\r\x1e\x0b\x0c\x1c\x1d]|[\u2028\u2029\u0085](?=\\s*\\{)", "\n", text)
        fixes.mended["other separators changed to line feeds"] += changed.count("\n") - text.count("\n")
        text = changed
    return text.split("\n")


class _Decoder:
    """Bytes to text. What is not UTF-8 in a file that says nothing else is read as Windows-1252, which holds "
    "Latin-1."""

    def __init__(self, encoding: str, fixes: Fixes) -> None:
        codec = "utf-8" if encoding == "cp1252" else encoding
        errors = "surrogateescape" if codec.startswith("utf-8") else "replace"
        self._fixes = fixes
        self._decoder = codecs.getincrementaldecoder(codec)(errors)

    def decode(self, data: bytes, final: bool = False) -> str:
        text, count = _NOT_UTF8.subn(_as_cp1252, self._decoder.decode(data, final))
        if count:
            self._fixes.mended["characters changed from Latin-1 or Windows-1252 to UTF-8"] += count
        return text


_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of a byte that is not UTF-8."""


def _as_cp1252(found: re.Match[str]) -> str:
    return bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace")


def _mended(line: str, fixes: Fixes) -> list[str] | None:
    """The objects of a line as lines; an empty list for a line that holds nothing; None if it cannot be mended."""
    done: Counter[str] = Counter()
    texts = _texts(line, done)
    if texts is None:
        return None
    result = []
    for text, document in texts:
        changed = _mended_members(document, done)
        if changed:
            text = json.dumps(document, ensure_ascii=False)
        try:
            decode_line(text, text.encode())
        except (NotJsonObjectError, UnicodeEncodeError):
            return None
        result.append(text)
    fixes.mended.update(done)
    return result


def _texts(line: str, done: Counter[str]) -> list[tuple[str, JsonObject]] | None:
    text = line.strip(_AROUND)
    text = _without_array(text, done)
    if not text:
        if not line.strip():
            done["blank lines removed"] += 1
        return []
    if text.startswith('"') and (inner := _inner_text(text)) is not None:
        done["objects taken out of texts"] += 1
        return _texts(inner, done)
    text = _without_nan(text, done)
    found = _several(text) or _several(_without_commas(text, done))
    if found is None:
        found = _python(text, done)
    if found is None:
        return None
    if line.strip() != text and len(found) == 1 and line.strip().rstrip(",;") != line.strip():
        done["commas and semicolons behind objects removed"] += 1
    if len(found) > 1:
        done["lines of several objects divided"] += 1
    if len(found) == 1 and "\n" in found[0][0]:
        found = [(json.dumps(found[0][1], ensure_ascii=False), found[0][1])]
    return found


def _without_array(text: str, done: Counter[str]) -> str:
    """Without the brackets of an array that begins, ends or stands in the line."""
    if text in ("[", "]", "[]"):
        done["brackets and commas of an array removed"] += 1
        return ""
    if text.startswith("[") and text.lstrip("[ \t").startswith(("{", '"')):
        done["brackets and commas of an array removed"] += 1
        text = text[1:].strip(_AROUND)
    if text.endswith("]") and text.rstrip("] \t").endswith(("}", '"')) and text.count("]") > text.count("["):
        done["brackets and commas of an array removed"] += 1
        text = text[:-1].strip(_AROUND)
    return text


def _inner_text(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) and value.lstrip().startswith("{") else None


def _several(text: str) -> list[tuple[str, JsonObject]] | None:
    """The objects that the text is made of, commas and blanks between them; None if it is made of something else."""
    decoder, position, found = json.JSONDecoder(), 0, []
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        found.append((text[position:end], value))
        position = end
        while position < len(text) and text[position] in _AROUND:
            position += 1
    if len(found) == 1 and set(found[0][1]) >= {"DatasetEntries"}:
        return _entries(found[0][1]["DatasetEntries"])
    return found


def _entries(entries: JsonValue) -> list[tuple[str, JsonObject]] | None:
    """The lines in an answer of ListDatasetEntries."""
    try:
        return [(entry, json.loads(entry)) for entry in entries]
    except (TypeError, ValueError, RecursionError):
        return None


def _without_commas(text: str, done: Counter[str]) -> str:
    """Without commas before closing braces and brackets."""
    pieces: list[str] = []
    for token in _TOKENS.finditer(text):
        if token[0] in "}]":
            end = len(pieces) - 1
            while end >= 0 and pieces[end].isspace():
                end -= 1
            if end >= 0 and pieces[end] == ",":
                del pieces[end]
                done["trailing commas removed"] += 1
        pieces.append(token[0])
    return "".join(pieces)


def _without_nan(text: str, done: Counter[str]) -> str:
    """With 1 for a confidence that is NaN, if a human made the label; other values that are NaN stay."""
    if not _NAN.search(text) or '"human-annotated"' not in text:
        return text
    if re.search(r'"human-annotated"\s*:\s*"no"', text):
        return text
    changed, count = re.subn(r'("confidence"\s*:\s*)-?(?:NaN|nan|NAN)\b', r"\g<1>1", text)
    if count:
        done["NaN confidences of humans' labels changed to 1"] += count
    return changed


def _python(text: str, done: Counter[str]) -> list[tuple[str, JsonObject]] | None:
    """A dict as Python prints it."""
    if len(text) > MAXIMUM_LINE_CHARACTERS or not text.startswith("{"):
        return None
    literal = re.sub(r"('confidence'\s*:\s*)nan\b", r"\g<1>1", text) if "'yes'" in text and "'no'" not in text else text
    try:
        value = ast.literal_eval(literal)
        if not isinstance(value, dict):
            return None
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if json.loads(written) != value:
            return None  # tuples, keys that are not texts: not the same in JSON
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    done["Python dicts written as JSON"] += 1
    return [(written, value)]


def _mended_members(document: JsonObject, done: Counter[str]) -> bool:
    """Mend dates in place; whether any was mended."""
    changed = False
    for name, metadata in document.items():
        if not name.endswith(METADATA_SUFFIX) or not isinstance(metadata, dict):
            continue
        created = metadata.get("creation-date")
        if created is None or is_manifest_date(created):
            continue
        better = as_manifest_date(created)
        if better is not None:
            metadata["creation-date"] = better
            done["dates written in the form of manifests"] += 1
            changed = True
    return changed


def check_files(source: Path, target: Path) -> None:
    """Raise UsageError if the new file would be the old one, or cannot be a manifest; ConversionError if the old one is
    something else than a manifest, with its name and what to do."""
    if target.resolve() == source.resolve():
        raise UsageError(f"{target} is the file itself: lint --fix writes a new one")
    if not target.suffix:
        raise UsageError(f"{target} has no extension: a manifest needs one, such as .manifest")
    with source.open("rb") as stream:
        found = recognise(stream.read(HEAD_BYTES))
    if found is not None and not found.is_fixable:
        raise ConversionError(f"{source}: {found.title} {found.cure.replace('{file}', str(source))}")


def report(fixes: Fixes, target: Path, stream: TextIO | io.StringIO) -> None:
    """Say in a few lines what was done."""
    print(f"{target}: {fixes.written:,} lines written, {fixes.read:,} read", file=stream)
    for what, count in fixes.mended.most_common():
        print(f"  {count:,} × {what}", file=stream)
    if not fixes.mended:
        print("  there was nothing to mend", file=stream)
    if fixes.left_count:
        numbers = ", ".join(map(str, fixes.left))
        more = " …" if fixes.left_count > len(fixes.left) else ""
        print(f"  {fixes.left_count:,} lines could not be mended and are as they were: {numbers}{more}", file=stream)
