"""`python -m support.aws_cli_calls FILE`: many calls through the AWS CLI in one process, since its start is slow.

FILE has a JSON list of calls: service, operation, parameters, and the environment with the keys. Printed is a JSON list
of what the CLI wrote to its standard error for each, "" where it succeeded.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from awscli.clidriver import create_clidriver
from botocore import xform_name


def _called(call: dict[str, Any]) -> str:
    os.environ.update(call["environment"])
    service = "s3api" if call["service"] == "s3" else call["service"]
    words = [service, xform_name(call["operation"], "-")]
    if call["operation"] == "GetObject":  # the one that takes a file to write to, and then wants its words one by one
        words += ["--bucket", call["parameters"]["Bucket"], "--key", call["parameters"]["Key"], os.devnull]
    else:
        words += ["--cli-input-json", json.dumps(call["parameters"])]
    errors, output = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(output):
        try:
            status = create_clidriver().main(words)
        except SystemExit as error:
            status = error.code
    return errors.getvalue().strip() or ("" if status == 0 else f"status {status}")


if __name__ == "__main__":
    print(json.dumps([_called(call) for call in json.loads(Path(sys.argv[1]).read_text())]))
