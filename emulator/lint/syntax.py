"""Why a line is not one JSON object: the mistake by name, where it stands, and how to mend it."""

from __future__ import annotations

import ast
import base64
import html
import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

from emulator.domain.manifest.limits import MAXIMUM_LINE_CHARACTERS
from emulator.lint.wording import FIX

_DECODER = json.JSONDecoder()
# A string, closed or not, or one character outside of strings.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[A-Za-z_$][\w$]*|[-+]?(?:0[xX][\da-fA-F]+|\.?\d[\w.+-]*)|.', re.DOTALL)
_CONSTANTS = {"NaN", "Infinity", "nan", "inf", "NAN", "INF", "Nan", "NA"}
_PYTHON = {"True", "False", "None"}
_INVISIBLE = {
    "\ufeff": "a byte order mark",
    "\u200b": "a zero-width space",
    "\u00a0": "a no-break space",
    "\u2060": "a word joiner",
    "\u3000": "an ideographic space",
    "\u202f": "a narrow no-break space",
    "\x00": "a null character",
    "\x1e": "a record separator",
    "\x0b": "a vertical tab",
    "\x0c": "a form feed",
    "\x1a": "a Ctrl-Z, the end-of-file mark of DOS",
    "\x1b": "an escape character (terminal colours)",
    "\u2028": "a Unicode line separator",
    "\u2029": "a Unicode paragraph separator",
    "\u0085": "a next-line character",
}
_QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u00ab\u00bb\u2033\u00b4`"
_LONGEST_LITERAL = 50_000
_MOST_WORDS = 200_000


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a line. `column` (from 1) and `width` are characters; `cure` may name `{file}`.

    `goes_on` says that the line seems to be a part of an object that goes on in the next line.
    """

    key: str
    title: str
    cure: str
    column: int = 1
    width: int = 1
    is_fixable: bool = False
    goes_on: bool = False


def mistake_of(raw: bytes, is_cut: bool, following: bytes | None) -> Mistake:
    """The mistake of a line that is not one JSON object, or is too long. `following` is the next line, None at the end.

    Never raises.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        if not is_cut:
            return _encoding(raw, error)
        text = raw[: error.start].decode(errors="replace")
    if is_cut or len(text.rstrip("\r")) > MAXIMUM_LINE_CHARACTERS:
        return _too_long(text, is_cut)
    body = text.strip()
    if not body:
        return Mistake("blank-line", "The line is blank.", f"Remove it: {FIX}", is_fixable=True)
    offset = len(text) - len(text.lstrip())
    return (
        _invisible(text)
        or _disguised(body, offset)
        or _whole_value(body, offset)
        or _tokens(text)
        or _syntax(text, following)
    )


def _encoding(raw: bytes, error: UnicodeDecodeError) -> Mistake:
    column = len(raw[: error.start].decode()) + 1
    if raw.count(0) > len(raw) // 4:
        return Mistake(
            "encoding-utf-16", "The line is written in UTF-16, not UTF-8.", f"Save it as UTF-8: {FIX}", column, 1, True
        )
    letter = raw[error.start : error.start + 1].decode("cp1252", "replace")
    around = raw[max(0, error.start - 10) : error.start + 10].decode("cp1252", "replace")
    return Mistake(
        "encoding-latin-1",
        f"Byte {error.start + 1} (0x{raw[error.start]:02X}) is not UTF-8: the text is written in Latin-1 or "
        f"Windows-1252,"
        f" where it is {letter!r} in {around!r}.",
        f"Save the file as UTF-8: {FIX}",
        column,
        1,
        True,
    )


def _too_long(text: str, is_cut: bool) -> Mistake:
    objects = text.count('"source-ref"')
    if objects > 1:
        second = text.find('"source-ref"', text.find('"source-ref"') + 1)
        start = text.rfind("{", 0, second)
        return Mistake(
            "several-objects-in-a-line",
            "The line holds several objects; there are no line feeds between them.",
            f"Write a line feed behind each object: {FIX}",
            max(1, start + 1),
            1,
            True,
        )
    length = "more than" if is_cut else f"{len(text):,} characters, more than"
    return Mistake(
        "line-too-long",
        f"The line is too long: {length} {MAXIMUM_LINE_CHARACTERS:,} characters.",
        "Shorten it: leave out keys that are not needed, or cut the image and its boxes into several.",
        MAXIMUM_LINE_CHARACTERS + 1 if not is_cut else MAXIMUM_LINE_CHARACTERS,
    )


def _invisible(text: str) -> Mistake | None:
    """A character outside of strings that cannot be seen, or quotation marks of a word processor."""
    if text.isascii() and not re.search(r"[\x00\x0b\x0c\x1a\x1b\x1e]", text):
        return None
    for token in _TOKENS.finditer(text):
        letter = token[0]
        if letter in _INVISIBLE:
            if letter == "\ufeff" and token.start() == 0:
                return Mistake(
                    "byte-order-mark",
                    "The line begins with a byte order mark: files were joined that each began with one.",
                    f"Remove it: {FIX}",
                    1,
                    1,
                    True,
                )
            return Mistake(
                "invisible-character",
                f"There is {_INVISIBLE[letter]} (U+{ord(letter):04X}) outside of a text.",
                f"Remove it: {FIX}",
                token.start() + 1,
                1,
                True,
            )
        if letter[0] in _QUOTES:
            return Mistake(
                "curly-quotes",
                f"The quotation mark {letter[0]} is not JSON: a word processor or a web page made it of a plain one.",
                'Write plain quotation marks: "',
                token.start() + 1,
            )
    return None


def _whole_value(body: str, offset: int) -> Mistake | None:
    """Lines that begin with, or are, a whole JSON value."""
    if body in ("[", "]", "],", "[]"):
        title = "The line is a bracket: the objects stand in a JSON array."
        return Mistake("json-array", title, f"Take them out of it: {FIX}", offset + 1, 1, True)
    try:
        value, end = _DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        return None
    rest = body[end:].strip()
    column = offset + len(body) - len(body[end:].lstrip()) + 1
    if isinstance(value, str):
        return _text_value(value, rest, offset)
    if isinstance(value, list):
        title = "The line is a JSON array, not an object."
        is_fixable = bool(value) and all(isinstance(item, dict) for item in value)
        return Mistake("json-array", title, f"Take the object out of the brackets: {FIX}", offset + 1, 1, is_fixable)
    if not isinstance(value, dict):
        title = f"The line is {body[:20]!r}, not a JSON object."
        return Mistake("not-an-object", title, "Write one JSON object a line.", offset + 1, end)
    if not rest:
        return None
    return _behind_object(rest, column)


def _text_value(value: str, rest: str, offset: int) -> Mistake:
    if not rest and value.lstrip().startswith("{"):
        title = "The object is written as a text, in quotation marks: it was made JSON twice."
        return Mistake("json-in-a-text", title, f"Take it out of the text: {FIX}", offset + 1, 1, True)
    if rest.startswith(":"):
        return _part(offset)
    return Mistake(
        "not-an-object", "The line is a text, not a JSON object.", "Write one JSON object a line.", offset + 1
    )


def _behind_object(rest: str, column: int) -> Mistake:
    if rest in (",", ";"):
        name = "comma" if rest == "," else "semicolon"
        title = f"A {name} stands behind the object (a trailing {name})."
        return Mistake(f"{name}-behind-object", title, f"Remove it: {FIX}", column, 1, True)
    if rest == "]" or rest.startswith("],"):
        title = "A closing bracket stands behind the object: the objects stand in a JSON array."
        return Mistake("json-array", title, f"Take them out of it: {FIX}", column, 1, True)
    if rest.lstrip(",; \t|").startswith("{"):
        return Mistake(
            "several-objects-in-a-line",
            "The line holds several objects.",
            f"Write a line feed behind each object: {FIX}",
            column,
            1,
            True,
        )
    if rest.startswith(("#", "//", "/*", "--")):
        title = "A comment stands behind the object; JSON has no comments."
        return Mistake("comment", title, "Remove it.", column, len(rest))
    if rest.startswith("}"):
        title = "There is one closing brace too many."
        return Mistake("brace-too-many", title, "Remove it.", column)
    return Mistake("text-behind-object", f"Behind the object stands {rest[:30]!r}.", "Remove it.", column, len(rest))


def _disguised(body: str, offset: int) -> Mistake | None:
    """An object that is quoted, encoded or announced by something that is not JSON."""
    if body.startswith(("```", "~~~")):
        return Mistake("markdown", "The line is a fence of Markdown.", "Remove it.", offset + 1, len(body))
    for key, name, opened in (
        ("html-entities", "HTML's entities (&quot;)", lambda: html.unescape(body)),
        ("url-encoded", "URL encoding (%7B%22)", lambda: urllib.parse.unquote(body)),
        ("escaped-quotes", "backslashes before the quotation marks", lambda: body.replace('\\"', '"')),
        ("base64", "Base64", lambda: base64.b64decode(body, validate=True).decode()),
    ):
        if _is_object(opened, body):
            return Mistake(key, f"The object is written in {name}.", "Write it as plain JSON.", offset + 1, 10)
    if body.startswith('"source-ref"') and _is_object(lambda: "{" + body, body):
        return Mistake("missing-brace", "The opening brace is missing.", "Write { in front.", offset + 1)
    start = body.find("{")
    if 0 < start <= 200 and not body.startswith(("[", '"')) and _is_object(lambda: body[start:].rstrip(";,)"), body):
        before = body[:start].strip()
        title = f"Before the object stands {before!r:.60}."
        return Mistake("text-before-object", title, "Remove it.", offset + 1, len(before))
    return None


def _is_object(opened: Callable[[], str], body: str) -> bool:
    try:
        text = opened()
        return text != body and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _tokens(text: str) -> Mistake | None:
    """Words outside of texts that are not JSON."""
    body = text.strip()
    if body.startswith(("#", "//", "/*", "--")):
        return Mistake("comment", "The line is a comment; JSON has no comments.", "Remove it.", 1, len(text.rstrip()))
    python = _python_literal(body)
    limit = _end_of_json(text)
    depth_of_quotes = text.count("'")
    for number, token in enumerate(_TOKENS.finditer(text)):
        word, column = token[0], token.start() + 1
        if number > _MOST_WORDS or token.start() > limit:
            break  # behind a mistake in the quotation marks, texts and what is between them change places
        if python and (word in _PYTHON or word == "'"):
            return Mistake(
                "python-dict",
                "The line is a Python dict (printed with print or str), not JSON: texts need double quotation marks,"
                " True, False and None are true, false and null.",
                f"Write it with json.dumps, or mend the file: {FIX}",
                column,
                len(word),
                True,
            )
        if word.lstrip("-+") in _CONSTANTS:
            return _constant(text, column, word)
        if word in _PYTHON or word in ("TRUE", "FALSE", "NULL", "undefined", "nil", "Null", "NULL"):
            title = f"{word} is not JSON: the words are true, false and null."
            return Mistake("wrong-word", title, "Write true, false or null.", column, len(word))
        if word == "'" and re.search(r"(?:datetime|np|numpy|Decimal|Timestamp|OrderedDict)\b[.(]", text):
            return Mistake(
                "python-dict",
                "The line is a Python dict with values that print as calls (datetime.datetime(…), "
                "np.float64(…)), not JSON.",
                "Write it with json.dumps(line, default=str).",
                column,
            )
        if word == "'" and depth_of_quotes >= 2:
            title = "Texts stand in single quotation marks; JSON knows double ones only."
            return Mistake("single-quotes", title, "Write \"…\" instead of '…'.", column)
        if word in ("/", "#"):
            return Mistake("comment", "A comment stands in the line; JSON has no comments.", "Remove it.", column)
        if wrong := _wrong_number(word):
            return Mistake(
                "wrong-number", f"{word} is not a JSON number: {wrong}.", "Write it plainly.", column, len(word)
            )
    return None


def _end_of_json(text: str) -> int:
    """Where the JSON reader gives up; the end where it does not (it takes NaN)."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos
    except (ValueError, RecursionError):
        pass
    return len(text)


def _constant(text: str, column: int, word: str) -> Mistake:
    before = re.search(r'"([^"]*)"\s*:\s*$', text[: column - 1])
    name = f" of {before[1]}" if before else ""
    kind = "NaN" if word.lstrip("-+")[:1].lower() == "n" else "Infinity"
    is_confidence = before is not None and before[1] == "confidence" and kind == "NaN"
    cure = f"Write 1, the confidence of a human's label: {FIX}" if is_confidence else "Write a number, or leave it out."
    return Mistake(
        "nan" if kind == "NaN" else "infinity",
        f"The value{name} is {word}: that is not JSON (pandas and NumPy write it for a missing number).",
        cure,
        column,
        len(word),
        is_confidence,
    )


def _wrong_number(word: str) -> str:
    if not re.match(r"[-+.\d]", word) or re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", word):
        return ""
    if word in ("-", "+", "."):
        return ""
    if word.lower().lstrip("+-").startswith("0x"):
        return "it is hexadecimal"
    if word.startswith("+"):
        return "it begins with a plus"
    if re.match(r"-?0\d", word):
        return "it begins with a zero"
    if re.match(r"-?\.\d", word):
        return "a digit is missing before the point"
    if word.endswith("."):
        return "a digit is missing behind the point"
    if re.fullmatch(r"-?[\d_]+(?:\.\d+)?", word):
        return "it has underscores"
    return "a digit is missing" if re.fullmatch(r"-?[\d.]+(?:[eE][+-]?)?", word) else ""


def _python_literal(body: str) -> bool:
    """Whether Python reads the line as a dict."""
    if len(body) > _LONGEST_LITERAL or not ("'" in body or any(word in body for word in _PYTHON)):
        return False
    try:
        return isinstance(ast.literal_eval(body.rstrip(",;")), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _part(offset: int) -> Mistake:
    return Mistake(
        "object-over-several-lines",
        "The object is written over several lines; a manifest has one object a line.",
        f"Write it in one line: {FIX}",
        offset + 1,
        1,
        True,
        goes_on=True,
    )


def _syntax(text: str, following: bytes | None) -> Mistake:
    """What the JSON reader falls over, in words."""
    stripped = text.rstrip()
    offset = len(text) - len(text.lstrip())
    try:
        json.loads(stripped)
    except RecursionError:
        return Mistake("nested-too-deeply", "The line is nested too deeply.", "Leave out what no one needs.", 1)
    except json.JSONDecodeError as error:
        return _explained(stripped, offset, error, following)
    except ValueError:
        return Mistake("number-too-long", "A number has too many digits.", "Write fewer digits.", 1)
    return _value_that_is_no_json(stripped)


def _explained(text: str, offset: int, error: json.JSONDecodeError, following: bytes | None) -> Mistake:
    position, message = error.pos, error.msg
    if message.startswith("Illegal trailing comma"):  # Python 3.13 and later point to the comma, others behind it
        position = len(text) - len(text[position + 1 :].lstrip())
    column, before, here = position + 1, text[:position].rstrip(), text[position : position + 1]
    if not text.lstrip().startswith("{"):
        if re.match(r'\s*(?:"[^"]*"\s*:|[}\]])', text):
            return _part(offset)
        first = text.strip()[:30]
        return Mistake(
            "not-json",
            f"The line is not JSON: it begins with {first!r}.",
            "Write one JSON object a line.",
            offset + 1,
            len(first),
        )
    if "control character" in message:
        name = {"\t": "a tab"}.get(here, f"the control character U+{ord(here or chr(0)):04X}")
        title = f"There is {name} within a text."
        return Mistake("control-character", title, "Write \\t for a tab, \\n for a line feed.", column)
    if "escape" in message:
        title = (
            f"{text[position : position + 2]!r} is not an escape of JSON: a backslash stands before the wrong letter."
        )
        return Mistake("bad-escape", title, "Write two backslashes for one; paths of S3 have slashes.", column, 2)
    if "Unterminated string" in message or position >= len(text):
        return _ended_early(text, offset, column, "Unterminated" in message, following)
    if before.endswith(",") and here in "}]":
        comma = len(before)
        title = f"A comma stands before the closing {'brace' if here == '}' else 'bracket'} (a trailing comma)."
        return Mistake("trailing-comma", title, f"Remove it: {FIX}", comma, 1, True)
    return _unexpected(message, here, column, text)


def _unexpected(message: str, here: str, column: int, text: str) -> Mistake:
    if "',' delimiter" in message:
        if here == ":":
            return Mistake("colon-for-comma", "A colon stands where a comma is due.", "Write a comma.", column)
        if here in ";|":
            return Mistake("wrong-separator", f"{here!r} stands where a comma is due.", "Write a comma.", column)
        if here in "}]":
            title = f"{here!r} stands where the other kind of bracket is due: brackets and braces do not match."
            return Mistake("brackets-do-not-match", title, "Close what was opened.", column)
        if here == "%":
            title = "A percent sign stands behind the number; a confidence is a number from 0 to 1."
            return Mistake("wrong-number", title, "Write 0.95 for 95%.", column)
        if found := re.search(r'"([^"\\]*[,:{]\s*)"$', text[: column - 1]):
            title = "A closing quotation mark is missing: this text runs on to the next quotation mark."
            return Mistake("missing-quote", title, "Write the quotation mark.", found.start() + 1, len(found[0]))
        return Mistake("missing-comma", "A comma is missing here.", "Write a comma between the two.", column)
    if "':' delimiter" in message:
        title = f"{here!r} stands where a colon is due." if here in ",=;" else "A colon is missing here."
        return Mistake("missing-colon", title, "Write a colon between name and value.", column)
    if "property name" in message:
        word = re.match(r"[\w$-]+", text[column - 1 :])
        if (number := re.search(r"\d+,\s*$", text[: column - 1])) and word and word[0].isdigit():
            title = f"{number[0].strip()}{word[0]} has a comma in the number: JSON knows the decimal point only."
            return Mistake("wrong-number", title, "Write a point.", number.start() + 1, len(number[0] + word[0]))
        if word:
            title = f"The name {word[0]} stands without quotation marks (JavaScript, not JSON)."
            return Mistake("unquoted-name", title, f'Write "{word[0]}".', column, len(word[0]))
        if here == ",":
            return Mistake("comma-too-many", "There is a comma too many.", "Remove it.", column)
        return Mistake("missing-name", "A name in quotation marks is due here.", "Write the name.", column)
    if here in ",}]":
        title = "A value is missing here" + (" (or a comma is too many)." if here == "," else ".")
        return Mistake("missing-value", title, "Write the value, or null, or remove the name.", column)
    word = re.match(r"[^\s,}\]:]+", text[column - 1 :])
    if word and re.match(r"[A-Za-z_$]", word[0]):
        title = f"The text {word[0][:30]} stands without quotation marks."
        return Mistake("unquoted-text", title, "Write it in quotation marks.", column, len(word[0]))
    return Mistake("invalid-json", f"{message} here.", "Write JSON as RFC 8259 has it.", column)


def _ended_early(text: str, offset: int, column: int, in_text: bool, following: bytes | None) -> Mistake:
    """The line ends before its object does: cut off, a quotation mark forgotten, or an object over several lines."""
    begins_anew = following is None or following.lstrip().startswith((b"{", b"[")) or not following.strip()
    if in_text:
        rest = text[column:]
        if '"' not in rest and not begins_anew:
            return _part(offset)
        if '"' not in rest and len(rest) < 200 and not rest.rstrip().endswith("}"):
            return Mistake("cut-off", "The line is cut off: it ends within a text.", "Write the rest.", len(text))
        title = "A closing quotation mark is missing: this text does not end."
        return Mistake("missing-quote", title, "Write the quotation mark.", column)
    if not begins_anew:
        return _part(offset)
    opened = _open_brackets(text)
    if text.endswith("}") and 0 < len(opened) <= 2:
        title = f"{len(opened)} closing bracket{'s are' if len(opened) > 1 else ' is'} missing at the end: {opened}"
        return Mistake("missing-brace", title, "Close what was opened.", len(text))
    return Mistake("cut-off", "The line is cut off: it ends before its object does.", "Write the rest.", len(text))


def _open_brackets(text: str) -> str:
    """The brackets that would close what the text leaves open."""
    stack = []
    for token in _TOKENS.finditer(text):
        if token[0] in "{[":
            stack.append("}" if token[0] == "{" else "]")
        elif token[0] in "}]" and stack:
            stack.pop()
    return "".join(reversed(stack))


def _value_that_is_no_json(text: str) -> Mistake:
    """What Python's reader takes and RFC 8259 or this service does not."""
    if found := re.search(r"\\u[dD][89a-fA-F][\da-fA-F]{2}", text):
        title = "An escape gives half a character (a single surrogate)."
        return Mistake("half-character", title, "Write the whole character.", found.start() + 1, 6)
    if found := re.search(r"[-\d.]+[eE]\+?\d{3,}|\d{310,}", text):
        return Mistake("number-too-large", "A number is too large.", "Write a smaller one.", found.start() + 1, 8)
    return Mistake("nested-too-deeply", "The line is nested too deeply.", "Leave out what no one needs.", 1)
