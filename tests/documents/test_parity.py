"""docs/parity.md is what the code says, and the code keeps to the errors that the service model declares."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from emulator.documents import permissions
from emulator.documents.access import ACCESS
from emulator.documents.parity import ABSENT, EDGE, RESULT_FILES, UNKNOWN, document
from emulator.domain import errors
from emulator.domain.metering.quotas import QUOTAS, Quota
from emulator.operations.registry import registered_operations
from emulator.settings import PREFIX, Settings
from emulator.wire.errors import PROTOCOL_ERROR_CODES
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "emulator" / "operations"
EXCEPTION = re.compile(r"\b[A-Z][A-Za-z0-9]+Exception\b")

# Helpers of the operations and the operations that reach them; everything else is found in the operation's own file.
ERRORS_OF_LOOKUP = {"ResourceNotFoundException", "InvalidParameterException"}


def test_the_document_is_up_to_date() -> None:
    assert (ROOT / "docs" / "parity.md").read_text() == document(), "run `make docs`"


def test_the_table_of_permissions_is_up_to_date() -> None:
    assert (ROOT / "docs" / "permissions.md").read_text() == permissions.document(), "run `make docs`"


def test_every_operation_is_there_once() -> None:
    """The 23 of api-facts §2."""
    assert set(registered_operations()) == CUSTOM_LABELS_OPERATIONS
    rows = re.findall(r"^\| `([A-Z]\w+)` \| done", document(), re.MULTILINE)
    assert sorted(rows) == sorted(CUSTOM_LABELS_OPERATIONS)
    assert len(rows) == 23


def test_choices_say_something_and_name_real_settings() -> None:
    for choice in (*UNKNOWN, *EDGE, *ACCESS, *RESULT_FILES):
        assert choice.question and choice.answer.endswith(".") and choice.reason.endswith(".")
        for name in re.findall(rf"{PREFIX}\w+", choice.setting):
            assert name.removeprefix(PREFIX).lower() in Settings.__dataclass_fields__
    assert all(choice.sure in ("sure", "likely", "ours") for choice in RESULT_FILES)
    assert all(text.endswith(".") for _, text in ABSENT)


def test_every_exception_that_the_document_names_exists() -> None:
    model = load_service_model()
    known = set(model.shapes) | PROTOCOL_ERROR_CODES
    assert set(EXCEPTION.findall(document())) <= known


@pytest.mark.parametrize("name", sorted(CUSTOM_LABELS_OPERATIONS))
def test_what_an_operation_says_that_it_answers_is_in_its_model(name: str) -> None:
    entry = registered_operations()[name]
    said = set(EXCEPTION.findall(" ".join([entry.limits, *entry.chosen])))
    # Named only to say that it is not answered.
    said -= {"InvalidS3ObjectException"} if name == "CreateDataset" else set()
    assert said <= load_service_model().operations[name].error_codes | PROTOCOL_ERROR_CODES


def code_of_class(name: str) -> str | None:
    """The code of an error class of the domain."""
    found = getattr(errors, name, None)
    if not inspect.isclass(found) or not issubclass(found, errors.RuleError) or found is errors.RuleError:
        return None
    return found(*["x"] * (len(inspect.signature(found).parameters))).code


def raised_codes(function: ast.FunctionDef | ast.AsyncFunctionDef, helpers: dict[str, ast.AST]) -> set[str]:
    """The codes that a function raises itself, or by the functions of its file that it calls."""
    todo, seen, codes = [function.name], set(), set()
    while todo:
        name = todo.pop()
        if name in seen or name not in helpers:
            continue
        seen.add(name)
        for node in ast.walk(helpers[name]):
            if isinstance(node, ast.Name):
                todo.append(node.id)
                code = code_of_class(node.id)
                codes |= set() if code is None else {code}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and EXCEPTION.fullmatch(node.value):
                codes.add(node.value)
            elif isinstance(node, ast.Attribute) and node.attr in Quota.__members__:
                codes.add(QUOTAS[Quota[node.attr]].code)
    return codes


def operations_and_codes() -> list[tuple[str, str]]:
    pairs = []
    for path in sorted(OPERATIONS.glob("*.py")):
        tree = ast.parse(path.read_text())
        helpers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        for function in helpers.values():
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "operation":
                    name = ast.literal_eval(decorator.args[0])
                    body = ast.Module(body=list(function.body), type_ignores=[])
                    codes = raised_codes(function, {**helpers, function.name: body})
                    pairs += [(name, code) for code in sorted(codes)]
    return pairs


@pytest.mark.parametrize(("name", "code"), operations_and_codes())
def test_what_an_operation_raises_is_in_its_model(name: str, code: str) -> None:
    """api-facts §2: SDKs have an exception class for each of these and for no other."""
    assert code in load_service_model().operations[name].error_codes


def test_the_reader_of_the_source_finds_what_is_raised() -> None:
    """Some known ones, so that the test above does not pass for seeing nothing."""
    pairs = set(operations_and_codes())
    assert {name for name, _ in pairs} >= {"CreateProject", "CreateDataset", "StartProjectVersion", "TagResource"}
    assert ("CreateProject", "ResourceInUseException") in pairs
    assert ("CreateProject", "LimitExceededException") in pairs
    assert ("CreateDataset", "ResourceAlreadyExistsException") in pairs
    assert ("PutProjectPolicy", "InvalidPolicyRevisionIdException") in pairs
    assert ("StartProjectVersion", "ResourceInUseException") in pairs


@pytest.mark.parametrize("name", sorted(CUSTOM_LABELS_OPERATIONS - {"CreateProject", "DescribeProjects"}))
def test_looking_resources_up_raises_declared_errors(name: str) -> None:
    declared = load_service_model().operations[name].error_codes
    assert declared >= ERRORS_OF_LOOKUP
