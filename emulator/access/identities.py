"""The file of identities (`CUSTOM_LABELS_IDENTITIES`): accounts with users, groups, roles, policies and KMS keys.

Read whole and strictly: a misspelt member, an unknown policy, a policy that IAM would not take, are told with file,
line and place; nothing is guessed and nothing left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from emulator.access.places import DocumentError, Places, Step
from emulator.domain.caller import ACCOUNT_ID, REGION_NAME
from emulator.domain.iam.documents import Policy, PolicyError, PolicyKind, parse_policy
from emulator.domain.iam.evaluation import PolicySet
from emulator.domain.iam.keys import ENABLED, KEY_STATES, Key, KeyRing
from emulator.domain.iam.managed import managed_policies
from emulator.domain.iam.requests import Principal, PrincipalKind
from emulator.domain.temporary_credentials import check_characters

_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH = re.compile(r"/|/[!-~]*/")
_KEY_ID = re.compile(r"[\w.-]{8,128}", re.ASCII)
_SECRET = re.compile(r"[!-~]{8,128}")
_ALIAS = re.compile(r"alias/[\w/-]{1,250}", re.ASCII)
_KMS_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,256}")
_MANAGED_PREFIX = "arn:aws:iam::aws:policy/"
_SHORTEST_SESSION, _LONGEST_SESSION = 3_600, 43_200
_MOST_PROBLEMS = 50


class IdentitiesError(ValueError):
    """A file of identities is wrong. `problems` are lines of the form `FILE:LINE: PLACE: what is wrong`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, a role or the root of an account, with the policies that decide for it."""

    principal: Principal
    policies: PolicySet = field(default_factory=PolicySet)
    trust: Policy | None = None
    longest_session: int = _SHORTEST_SESSION

    @property
    def arn(self) -> str:
        """Its ARN; of a role that of the role."""
        return self.principal.arn


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of the file: its secret, and whose it is."""

    id: str
    secret: str
    identity: Identity = field(repr=False)


class Identities:
    """What a file says. Never changed: a file that is read again gives new ones."""

    def __init__(
        self,
        identities: Mapping[str, Identity],
        access_keys: Mapping[str, AccessKey],
        keys: KeyRing,
        policies: Mapping[str, Policy],
        accounts: frozenset[str],
    ) -> None:
        self._identities = identities
        self._access_keys = access_keys
        self._policies = policies
        self.keys = keys
        self.accounts = accounts

    def find(self, arn: str) -> Identity | None:
        """The user, role or root with this ARN."""
        return self._identities.get(arn)

    def access_key(self, key_id: str) -> AccessKey | None:
        """An access key of the file."""
        return self._access_keys.get(key_id)

    def policy(self, arn: str) -> Policy | None:
        """A managed policy, of AWS's or of an account of the file, by its ARN."""
        return self._policies.get(arn)

    def all(self) -> Iterator[Identity]:
        """Every user, role and root, in the order of the file."""
        return iter(self._identities.values())

    @property
    def access_key_ids(self) -> tuple[str, ...]:
        """The ids of all access keys."""
        return tuple(self._access_keys)


def load_identities(path: Path) -> Identities:
    """Read a file, JSON or (by its name, `.yaml` or `.yml`) YAML. Raises IdentitiesError."""
    try:
        places = Places(path)
    except DocumentError as error:
        raise IdentitiesError([f"{path}:{error.line}: {error}" if error.line else f"{path}: {error}"]) from None
    except OSError as error:
        raise IdentitiesError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise IdentitiesError([f"{path}: it is not UTF-8"]) from None
    reader = _Reader(path, places)
    identities = reader.read()
    if reader.problems:
        raise IdentitiesError(reader.problems[:_MOST_PROBLEMS])
    return identities


class _Object:
    """An object of the file whose members are taken one by one; what nobody took is a problem."""

    def __init__(self, reader: _Reader, steps: tuple[Step, ...], value: object) -> None:
        self._reader = reader
        self.steps = steps
        self._left: dict[str, object] = {}
        if isinstance(value, Mapping):
            self._left = dict(value)
        else:
            reader.wrong(steps, "must be an object")

    def take(self, name: str) -> object:
        """A member, None if it is absent."""
        return self._left.pop(name, None)

    def text(self, name: str, pattern: re.Pattern[str], must: str, default: str | None = None) -> str:
        """A member that is text of a form; `default` None means that it must be there. "" where it is wrong."""
        value = self._left.pop(name, default)
        if isinstance(value, str) and (value == default or pattern.fullmatch(value)):
            return value
        self._reader.wrong((*self.steps, name), "is missing" if value is None else must)
        return ""

    def items(self, name: str) -> list[tuple[tuple[Step, ...], object]]:
        """A member that is a list, with the place of each item; empty if it is absent."""
        value = self._left.pop(name, None)
        if value is None:
            return []
        if not isinstance(value, list):
            self._reader.wrong((*self.steps, name), "must be a list")
            return []
        return [((*self.steps, name, index), item) for index, item in enumerate(value)]

    def named(self, name: str, pattern: re.Pattern[str], must: str) -> list[tuple[str, _Object]]:
        """A member that maps names to objects; empty if it is absent."""
        value = self._left.pop(name, None)
        if value is None:
            return []
        return [
            (key, _Object(self._reader, (*self.steps, name, key), item))
            for key, item in self._reader.members((*self.steps, name), value, pattern, must)
        ]

    def done(self) -> None:
        """Every member that is left over is a problem."""
        for name in self._left:
            self._reader.wrong((*self.steps, name), "is not known")


class _Reader:
    """One pass over one file; `problems` grows."""

    def __init__(self, path: Path, places: Places) -> None:
        self._path = path
        self._places = places
        self.problems: list[str] = []
        self._identities: dict[str, Identity] = {}
        self._access_keys: dict[str, AccessKey] = {}
        self._policies: dict[str, Policy] = dict(managed_policies())
        self._kms: list[Key] = []

    def read(self) -> Identities:
        """What the file says, as far as it is right."""
        root = _Object(self, (), self._places.document)
        accounts = root.named("accounts", ACCOUNT_ID, "must be twelve digits")
        root.done()
        if not accounts and not self.problems:
            self.wrong(("accounts",), "is missing or empty")
        for account, members in accounts:
            self._read_account(account, members)
        return Identities(
            MappingProxyType(self._identities),
            MappingProxyType(self._access_keys),
            KeyRing(self._kms),
            MappingProxyType(self._policies),
            frozenset(account for account, _ in accounts),
        )

    def wrong(self, steps: tuple[Step, ...], problem: str, within: tuple[Step, ...] = ()) -> None:
        """Note what is wrong at a place; `within` leads on to the line."""
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
        line = self._places.line((*steps, *within))
        self.problems.append(f"{self._path}:{line}: {place or 'the file'}: {problem}")

    def members(
        self, steps: tuple[Step, ...], value: object, pattern: re.Pattern[str], must: str
    ) -> list[tuple[str, object]]:
        """The members of an object whose names have a form."""
        if not isinstance(value, Mapping):
            self.wrong(steps, "must be an object")
            return []
        for name in value:
            if not pattern.fullmatch(name):
                self.wrong((*steps, name), must)
        return [(name, item) for name, item in value.items() if pattern.fullmatch(name)]

    def _read_account(self, account: str, members: _Object) -> None:
        name_rule = "is not a name: letters, digits and _+=,.@- , at most 64"
        for name, item in self.members((*members.steps, "policies"), members.take("policies") or {}, _NAME, name_rule):
            place = (*members.steps, "policies", name)
            policy = self._document(place, item, PolicyKind.IDENTITY, name)
            if policy is not None:
                self._policies[f"arn:aws:iam::{account}:policy/{name}"] = policy
        groups = {name: self._attached(account, group) for name, group in members.named("groups", _NAME, name_rule)}
        root = Identity(Principal(account, f"arn:aws:iam::{account}:root", PrincipalKind.ROOT, user_id=account))
        self._add(members.steps, root)
        self._read_keys(members, root)
        for name, user in members.named("users", _NAME, name_rule):
            self._read_user(account, name, user, groups)
        for name, role in members.named("roles", _NAME, name_rule):
            self._read_role(account, name, role)
        for key_id, key in members.named("kms", _KMS_KEY_ID, "must be the id of a key"):
            self._read_kms_key(account, key_id, key)
        members.done()

    def _attached(self, account: str, group: _Object) -> tuple[Policy, ...]:
        policies = self._policies_of(account, group)
        group.done()
        return policies

    def _read_user(self, account: str, name: str, user: _Object, groups: Mapping[str, tuple[Policy, ...]]) -> None:
        arn = f"arn:aws:iam::{account}:user{self._path_of(user)}{name}"
        user_id = "AIDA" + check_characters(arn, 17)
        tags = self._tags(user)
        policies = self._policies_of(account, user)
        for steps, group in user.items("groups"):
            if isinstance(group, str) and group in groups:
                policies += groups[group]
            else:
                self.wrong(steps, f"{group!s:.80} is not a group of this account")
        boundary = self._boundary(account, user)
        principal = Principal(account, arn, PrincipalKind.USER, name, user_id, tags=tags)
        identity = Identity(principal, PolicySet(policies, boundary))
        self._add(user.steps, identity)
        self._read_keys(user, identity)
        user.done()

    def _read_role(self, account: str, name: str, role: _Object) -> None:
        arn = f"arn:aws:iam::{account}:role{self._path_of(role)}{name}"
        role_id = "AROA" + check_characters(arn, 17)
        trust = self._document((*role.steps, "trust"), role.take("trust"), PolicyKind.TRUST, name)
        longest = self._session(role)
        principal = Principal(account, arn, PrincipalKind.SESSION, user_id=role_id, role_arn=arn, tags=self._tags(role))
        policies = PolicySet(self._policies_of(account, role), self._boundary(account, role))
        self._add(role.steps, Identity(principal, policies, trust, longest))
        role.done()

    def _read_kms_key(self, account: str, key_id: str, key: _Object) -> None:
        region = key.text("region", REGION_NAME, "must be the name of a Region")
        state = key.text("state", re.compile("|".join(KEY_STATES)), f"must be one of {', '.join(KEY_STATES)}", ENABLED)
        description = key.text("description", re.compile(r".{0,8192}", re.DOTALL), "must be text", "")
        aliases: list[str] = []
        for steps, alias in key.items("aliases"):
            if isinstance(alias, str) and _ALIAS.fullmatch(alias) and not alias.startswith("alias/aws/"):
                aliases.append(alias)
            else:
                self.wrong(steps, "must be of the form alias/NAME, and not begin with alias/aws/")
        policy, given = None, key.take("policy")
        if given is not None:
            policy = self._document((*key.steps, "policy"), given, PolicyKind.KEY, key_id)
        key.done()
        self._kms.append(Key(key_id, account, region, state, tuple(aliases), description, policy))

    def _read_keys(self, owner: _Object, identity: Identity) -> None:
        for steps, item in owner.items("keys"):
            pair = _Object(self, steps, item)
            key_id = pair.text("id", _KEY_ID, "must be 8 to 128 letters, digits, dots, - or _")
            secret = pair.text("secret", _SECRET, "must be 8 to 128 characters without spaces")
            pair.done()
            if key_id in self._access_keys:
                self.wrong((*steps, "id"), f"{key_id} is a key already, of {self._access_keys[key_id].identity.arn}")
            elif key_id and secret:
                self._access_keys[key_id] = AccessKey(key_id, secret, identity)

    def _add(self, steps: tuple[Step, ...], identity: Identity) -> None:
        self._identities[identity.arn] = identity
        same = [one for one in self._identities.values() if _short(one.arn) == _short(identity.arn)]
        if len(same) > 1:
            self.wrong(steps, f"has the name of {same[0].arn}")

    def _path_of(self, owner: _Object) -> str:
        return owner.text("path", _PATH, "must begin and end with a slash", "/") or "/"

    def _tags(self, owner: _Object) -> Mapping[str, str]:
        value = owner.take("tags")
        if value is None:
            return MappingProxyType({})
        steps = (*owner.steps, "tags")
        tags: dict[str, str] = {}
        for name, item in self.members(steps, value, re.compile(r".{1,128}"), "must have 1 to 128 characters"):
            if isinstance(item, str) and len(item) <= 256:
                tags[name] = item
            else:
                self.wrong((*steps, name), "must be text of at most 256 characters")
        for name in tags:
            if sum(name.lower() == other.lower() for other in tags) > 1:
                self.wrong((*steps, name), "is there in another case, too; to IAM both are one")
        return MappingProxyType(tags)

    def _session(self, role: _Object) -> int:
        value = role.take("max_session")
        if value is None:
            return _SHORTEST_SESSION
        seconds = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else value
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            seconds = 0
        if not _SHORTEST_SESSION <= seconds <= _LONGEST_SESSION:
            self.wrong((*role.steps, "max_session"), f"must be {_SHORTEST_SESSION} to {_LONGEST_SESSION} seconds")
        return seconds

    def _policies_of(self, account: str, owner: _Object) -> tuple[Policy, ...]:
        found = [
            self._policy(account, steps, item, PolicyKind.IDENTITY, f"{owner.steps[-1]} {index + 1}")
            for index, (steps, item) in enumerate(owner.items("policies"))
        ]
        return tuple(policy for policy in found if policy is not None)

    def _boundary(self, account: str, owner: _Object) -> tuple[Policy, ...] | None:
        value = owner.take("boundary")
        if value is None:
            return None
        steps = (*owner.steps, "boundary")
        policy = self._policy(account, steps, value, PolicyKind.BOUNDARY, f"{owner.steps[-1]} boundary")
        return () if policy is None else (policy,)

    def _policy(
        self, account: str, steps: tuple[Step, ...], item: object, kind: PolicyKind, name: str
    ) -> Policy | None:
        """A policy that is given as a document, or by the name or ARN of a managed one."""
        if not isinstance(item, str):
            return self._document(steps, item, kind, name)
        candidates = [item, f"arn:aws:iam::{account}:policy/{item}", _MANAGED_PREFIX + item]
        for arn in candidates:
            if arn in self._policies:
                managed = self._policies[arn]
                return managed if kind is managed.kind else self._document(steps, managed.document, kind, managed.name)
        self.wrong(
            steps,
            f"{item[:120]} is neither a policy of this account nor one of {', '.join(_names(managed_policies()))}",
        )
        return None

    def _document(self, steps: tuple[Step, ...], value: object, kind: PolicyKind, name: str) -> Policy | None:
        if not isinstance(value, Mapping) and not isinstance(value, str):
            self.wrong(steps, "is missing" if value is None else "must be a policy document")
            return None
        try:
            return parse_policy(value, kind, name)
        except PolicyError as error:
            for problem in error.problems:
                self.wrong(steps, str(problem), _steps_within(problem.where, value))
            return None


def _names(policies: Mapping[str, Policy]) -> list[str]:
    return [arn.rpartition("/")[2] for arn in policies]


def _short(arn: str) -> str:
    """An ARN without the path: names are unique in an account whatever the path, and without regard to case."""
    head, _, rest = arn.partition("/")
    return f"{head}/{rest.rpartition('/')[2]}".lower()


def _steps_within(where: str, document: object) -> tuple[Step, ...]:
    """The steps to a place within a policy, `Statement[2].Condition.StringLike`, whose statements count from 1."""
    steps: list[Step] = []
    for part in where.split("."):
        name, _, number = part.partition("[")
        steps.append(name)
        if number.rstrip("]").isdecimal():
            node = document.get(name) if isinstance(document, Mapping) and len(steps) == 1 else None
            if isinstance(node, list):
                steps.append(int(number.rstrip("]")) - 1)
    return tuple(steps)
