"""What /console shows where its page is not built: how far the build is, or how to build it."""

from __future__ import annotations

import html
from pathlib import Path

from emulator.console.building import BuildState, read_state

_REFRESH = '<meta http-equiv="refresh" content="2">'
_WAYS = """<p>Use boto3, the AWS CLI or any AWS SDK with this address as endpoint;
<code>custom-labels demo</code> shows the way.</p>"""


def unbuilt_page(static: Path) -> str:
    """A page in HTML that loads itself again while somebody builds."""
    state = read_state(static)
    return _document(state, _sentences(state))


def _sentences(state: BuildState | None) -> str:
    if state is None:
        return "<p>Its web console is not built yet. In the source tree, <code>make console</code> builds it.</p>"
    if state.state == "failed":
        return (
            "<p>Its web console could not be built:</p>"
            f"<pre>{html.escape(state.step)}</pre>"
            "<p>In the source tree, <code>make console</code> builds it; this page then shows it.</p>"
        )
    return f"<p>Its web console is being built: {html.escape(state.step)}. This takes about a minute, once.</p>"


def _document(state: BuildState | None, sentences: str) -> str:
    # A failed build is tried again by hand, and the page then shows what came of it.
    refresh = "" if state is None else _REFRESH
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8">{refresh}<title>Custom Labels emulator</title></head>
<body>
<h1>Custom Labels emulator</h1>
<p>The emulator is running.</p>
{sentences}
{_WAYS}
</body>
</html>
"""
