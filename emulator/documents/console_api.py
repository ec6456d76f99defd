"""web/openapi.json, which the page's types are made from: `python -m emulator.documents.console_api`."""

from __future__ import annotations

import json

from emulator.console.api import create_console_api
from emulator.domain.json_values import JsonObject

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
_ERROR_ANSWER = {
    "description": "The call cannot be served.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorDocument"}}},
}


def console_api_document() -> str:
    """The OpenAPI document of /console/api, in a form that differs only where the API does."""
    document: JsonObject = create_console_api(None).openapi()
    document["info"]["version"] = "1"
    schemas: JsonObject = document["components"]["schemas"]
    # FastAPI's own form of errors, which differs between its releases, is not the one that is answered.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for schema in schemas.values():
        for member in schema.get("properties", {}).values():
            if member.get("type") == "object":  # any members; pydantic says so in newer releases only
                member.setdefault("additionalProperties", True)
    schemas["ErrorDocument"] = _ERROR
    for path in document["paths"].values():
        for operation in path.values():
            operation["operationId"] = operation["summary"].lower().replace(" ", "_")
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _ERROR_ANSWER
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(console_api_document(), end="")
