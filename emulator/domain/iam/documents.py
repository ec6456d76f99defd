"""Policy documents, parsed strictly: every problem names its statement and element (IAM's grammar of policies).

IAM takes some documents that are refused here, and says nothing of them: an element that is written twice, an operator
that it does not know in a policy that S3 keeps. Documents are refused before they are parsed where they are too long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from emulator.domain.iam.conditions import Condition, parse_condition
from emulator.domain.iam.patterns import Piece, Template, compiled, template
from emulator.domain.iam.statements import Actions, Principals, Resources, Statement

LONGEST_DOCUMENT = 131_072
"""Characters of a document that is parsed at all."""

_CURRENT, _OLD = "2012-10-17", "2008-10-17"
_MOST_STATEMENTS = 1_000
_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")
# An ARN may end early: what lacks matches all.
_ARN = re.compile(r"arn:[^:]+:[^:]+(?::.*)?|arn:\*.*|\*", re.DOTALL)
# Everybody, an account, the ARN of an identity, the id that IAM gives an identity in place of its ARN.
_AWS_PRINCIPAL = re.compile(r"\*|\d{12}|arn:[a-z\d-]+:(?:iam|sts)::\d{12}:[^\s*?]+|A[A-Z\d]{15,127}")
_PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


RESOURCE_TAG, OBJECT_TAG = "aws:resourcetag/", "s3:existingobjecttag/"
TAG_KEYS = (RESOURCE_TAG, OBJECT_TAG)
"""How condition keys begin whose values are a resource's own tags."""


class PolicyKind(StrEnum):
    """What a policy is attached to."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TRUST = "role trust policy"
    BUCKET = "bucket policy"
    KEY = "key policy"
    PROJECT = "project policy"


_OF_RESOURCES = frozenset({PolicyKind.TRUST, PolicyKind.BUCKET, PolicyKind.KEY, PolicyKind.PROJECT})
# Characters without white space (IAM's and STS's quotas, S3's and KMS's limits; api-facts §8 for projects).
_LONGEST = {
    PolicyKind.IDENTITY: 10_240,
    PolicyKind.BOUNDARY: 6_144,
    PolicyKind.SESSION: 2_048,
    PolicyKind.TRUST: 4_096,
    PolicyKind.BUCKET: 20_480,
    PolicyKind.KEY: 32_768,
    PolicyKind.PROJECT: 2_000,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a document, and where: `Statement[2].Action`, counted from 1."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class PolicyError(ValueError):
    """A document is not a policy of its kind. `problems` are all that were found."""

    def __init__(self, name: str, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(f"policy {name}: " + "; ".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy. `document` is its JSON without white space.

    `tag_keys` are those of TAG_KEYS that it asks for: the tags of a resource are read only then.
    """

    name: str
    kind: PolicyKind
    statements: tuple[Statement, ...]
    document: str
    tag_keys: frozenset[str] = frozenset()


def parse_policy(document: str | bytes | Mapping[str, object], kind: PolicyKind, name: str) -> Policy:
    """Check a document, JSON text or an object that was read already. Raises PolicyError with all problems."""
    if isinstance(document, Mapping):
        return _parsed(_written(document, name), kind, name)
    if len(document) > LONGEST_DOCUMENT:
        raise PolicyError(name, (_too_long(len(document), LONGEST_DOCUMENT),))
    try:
        return _parsed(document if isinstance(document, str) else document.decode(), kind, name)
    except UnicodeDecodeError:
        raise PolicyError(name, (Problem("document", "is not UTF-8"),)) from None


def _written(document: Mapping[str, object], name: str) -> str:
    """An object as JSON text, written no further than a document may be long."""
    pieces: list[str] = []
    length = 0
    try:
        for piece in json.JSONEncoder(separators=(",", ":"), allow_nan=False).iterencode(document):
            pieces.append(piece)
            length += len(piece)
            if length > LONGEST_DOCUMENT:
                raise PolicyError(name, (_too_long(length, LONGEST_DOCUMENT),))
    except (TypeError, RecursionError) as error:
        raise PolicyError(name, (Problem("document", f"is not JSON: {error}"),)) from error
    return "".join(pieces)


def _too_long(length: int, most: int) -> Problem:
    return Problem("document", f"has {length:,} characters; {most:,} are the most")


@lru_cache(maxsize=512)
def _parsed(text: str, kind: PolicyKind, name: str) -> Policy:
    parser = _Parser(kind)
    policy = parser.parse(text, name)
    if parser.problems:
        raise PolicyError(name, tuple(parser.problems))
    return policy


@lru_cache(maxsize=512)
def parse_stored_policy(document: str | bytes, kind: PolicyKind, name: str) -> Policy:
    """A document that was stored long ago, perhaps by a release that checked less.

    What is wrong in it is left out: a statement with a problem says nothing.
    """
    parser = _Parser(kind, is_stored=True)
    return parser.parse(document if isinstance(document, str) else document.decode("utf-8", "replace"), name)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} is written twice in one object")
    return found


class _Parser:
    """One pass over one document; `problems` grows. In what `is_stored` a principal may be nobody."""

    def __init__(self, kind: PolicyKind, *, is_stored: bool = False) -> None:
        self._kind = kind
        self._is_stored = is_stored
        self._has_variables = False
        self.problems: list[Problem] = []

    def parse(self, text: str, name: str) -> Policy:
        """The policy with the statements that have no problem."""
        statements: list[Statement] = []
        document = self._document(text)
        self._has_variables = document.get("Version") == _CURRENT
        found = document.get("Statement")
        listed = found if isinstance(found, list) else [] if found is None else [found]
        if not listed and not self.problems:
            self._wrong("Statement", "is missing")
        if len(listed) > _MOST_STATEMENTS:
            self._wrong("Statement", f"has {len(listed):,} statements; {_MOST_STATEMENTS:,} are the most")
            listed = []
        for number, raw in enumerate(listed, 1):
            before = len(self.problems)
            statement = self._statement(raw, number)
            if len(self.problems) == before and statement is not None:
                statements.append(statement)
        self._check_sids(listed)
        compact = json.dumps(document, separators=(",", ":")) if document else "{}"
        return Policy(name, self._kind, tuple(statements), compact, _tag_keys(compact))

    def _wrong(self, where: str, message: str) -> None:
        self.problems.append(Problem(where, message))

    def _document(self, text: str) -> dict[str, object]:
        try:
            document = json.loads(text, object_pairs_hook=_without_duplicates)
        except (ValueError, RecursionError) as error:
            self._wrong("document", f"is not JSON: {error}")
            return {}
        if not isinstance(document, dict):
            self._wrong("document", "is not a JSON object")
            return {}
        length = len("".join(text.split()))
        if length > _LONGEST[self._kind]:
            self._wrong(
                "document", f"has {length:,} characters beside white space; {_LONGEST[self._kind]:,} are the most"
            )
        for name in document.keys() - {"Version", "Id", "Statement"}:
            self._wrong(name, "is not an element of a policy")
        if document.get("Version", _OLD) not in (_CURRENT, _OLD):
            self._wrong("Version", f"is neither {_CURRENT} nor {_OLD}")
        return document

    def _check_sids(self, listed: list[object]) -> None:
        sids = [raw["Sid"] for raw in listed if isinstance(raw, dict) and isinstance(raw.get("Sid"), str)]
        for sid in sorted({sid for sid in sids if sid and sids.count(sid) > 1}):
            self._wrong("Statement", f"has the Sid {sid} more than once")

    def _statement(self, raw: object, number: int) -> Statement | None:
        where = f"Statement[{number}]"
        if not isinstance(raw, dict):
            self._wrong(where, "is not a JSON object")
            return None
        for name in raw.keys() - _ELEMENTS:
            self._wrong(f"{where}.{name}", "is not an element of a statement")
        sid = raw.get("Sid", "")
        # S3 takes Sids of any letters; IAM does not.
        if not isinstance(sid, str) or (self._kind not in _OF_RESOURCES and not _SID.fullmatch(sid)):
            self._wrong(f"{where}.Sid", "may have letters and digits only")
            sid = ""
        return Statement(
            sid=sid,
            number=number,
            allows=self._effect(raw.get("Effect"), where),
            actions=self._actions(raw, where),
            resources=self._resources(raw, where),
            principals=self._principals(raw, where),
            conditions=self._conditions(raw.get("Condition", {}), f"{where}.Condition"),
        )

    def _effect(self, effect: object, where: str) -> bool:
        if isinstance(effect, str):
            # The guide's instructions for project policies write it in capitals (CP-8).
            name = effect.capitalize() if self._kind is PolicyKind.PROJECT else effect
            if name in ("Allow", "Deny"):
                return name == "Allow"
        self._wrong(f"{where}.Effect", "is missing" if effect is None else f"is neither Allow nor Deny: {effect}")
        return False

    def _one_of(self, raw: Mapping[str, object], name: str, where: str) -> tuple[object, bool, str] | None:
        """The element or its negation, whether it is that, and its place; a problem where there are none or both."""
        negated = f"Not{name}"
        if self._kind is PolicyKind.PROJECT and negated in raw:
            self._wrong(f"{where}.{negated}", "is not allowed in a project policy")
        if (name in raw) == (negated in raw):
            self._wrong(f"{where}.{name}", "is missing" if name not in raw else f"and {negated} exclude each other")
            return None
        is_negated = negated in raw
        found = negated if is_negated else name
        return raw[found], is_negated, f"{where}.{found}"

    def _strings(self, value: object, where: str) -> list[str]:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not values or not all(isinstance(item, str) and item for item in values):
            self._wrong(where, "is neither a string nor a list of strings")
            return []
        return values

    def _actions(self, raw: Mapping[str, object], where: str) -> Actions:
        found = self._one_of(raw, "Action", where)
        if found is None:
            return Actions(False, frozenset(), ())
        value, is_negated, place = found
        names = self._strings(value, place)
        for name in names:
            if not _ACTION.fullmatch(name):
                self._wrong(place, f"{name} is not an action: write SERVICE:ACTION")
            elif self._kind is PolicyKind.TRUST and not name.lower().startswith(("sts:", "*")):
                self._wrong(place, f"{name} is not an action of STS")
        lower = [name.lower() for name in names]
        exact = frozenset(name for name in lower if not set(name) & {"*", "?"})
        patterns = tuple(compiled((Piece(name, False),)) for name in lower if name not in exact)
        return Actions(is_negated, exact, patterns)

    def _resources(self, raw: Mapping[str, object], where: str) -> Resources | None:
        if self._kind is PolicyKind.TRUST:
            for name in ("Resource", "NotResource"):
                if name in raw:
                    self._wrong(f"{where}.{name}", "is not allowed in a role trust policy")
            return None
        found = self._one_of(raw, "Resource", where)
        if found is None:
            return Resources(False, (), ())
        value, is_negated, place = found
        templates: list[Template] = []
        for text in self._strings(value, place):
            if not _ARN.fullmatch(text):
                self._wrong(place, f"{text} is neither * nor an ARN")
                continue
            try:
                templates.append(template(text, has_variables=self._has_variables))
            except ValueError as error:
                self._wrong(place, str(error))
        patterns = tuple(compiled(each.fixed, is_arn=True) for each in templates if each.fixed is not None)
        return Resources(is_negated, patterns, tuple(each for each in templates if each.fixed is None))

    def _principals(self, raw: Mapping[str, object], where: str) -> Principals | None:
        if self._kind not in _OF_RESOURCES:
            for name in ("Principal", "NotPrincipal"):
                if name in raw:
                    self._wrong(f"{where}.{name}", f"is not allowed in an {PolicyKind.IDENTITY}")
            return None
        found = self._one_of(raw, "Principal", where)
        if found is None:
            return Principals(False, False)
        value, is_negated, place = found
        if value == "*":
            return Principals(is_negated, True)
        if not isinstance(value, dict) or not value:
            self._wrong(place, 'is neither * nor an object such as {"AWS": …}')
            return Principals(is_negated, False)
        named: dict[str, tuple[str, ...]] = {}
        for kind, names in value.items():
            if kind not in _PRINCIPAL_KINDS:
                self._wrong(place, f"{kind} is not a kind of principal")
                continue
            named[kind] = tuple(self._strings(names, f"{place}.{kind}"))
        aws = named.get("AWS", ())
        for name in aws:
            if not self._is_stored and not _AWS_PRINCIPAL.fullmatch(name):
                self._wrong(f"{place}.AWS", f"{name} is neither an account nor the ARN or id of an identity")
        others = (*named.get("Federated", ()), *named.get("CanonicalUser", ()))
        return Principals(is_negated, "*" in aws, aws, named.get("Service", ()), others)

    def _conditions(self, raw: object, where: str) -> tuple[Condition, ...]:
        if not isinstance(raw, dict):
            self._wrong(where, "is not a JSON object")
            return ()
        conditions: list[Condition] = []
        for operator, keys in raw.items():
            place = f"{where}.{operator}"
            if not isinstance(keys, dict) or not keys:
                self._wrong(place, "is not an object of condition keys")
                continue
            for key, values in keys.items():
                condition = self._condition(operator, key, values, place)
                if condition is not None:
                    conditions.append(condition)
        return tuple(conditions)

    def _condition(self, operator: str, key: str, value: object, where: str) -> Condition | None:
        values = value if isinstance(value, list) else [value]
        texts = [_text(item) for item in values]
        if not key or any(text is None for text in texts):
            self._wrong(f"{where}.{key}", "has a value that is neither text nor number nor boolean")
            return None
        try:
            given = [text for text in texts if text is not None]
            return parse_condition(operator, key, given, has_variables=self._has_variables)
        except ValueError as error:
            self._wrong(where, str(error))
            return None


def _tag_keys(document: str) -> frozenset[str]:
    text = document.lower()
    return frozenset(key for key in TAG_KEYS if key in text)


def _text(value: object) -> str | None:
    """A value of a condition, which JSON may write as text, number or boolean."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value if isinstance(value, str) else None
