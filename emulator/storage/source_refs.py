"""Finding entries by a part of their source-ref, whatever the part and however many entries there are.

The source-refs of a content stand in pages of up to a thousand, each one row: the text of all, and their positions. A
search reads these pages in order (some 12 MB for 250,000 entries) and looks at entries only where a page has a match.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, delete, insert, select

from emulator.storage.tables import dataset_entries, dataset_source_refs

REFS_PER_PAGE = 1000

# Ends each source-ref in a page's text. A source-ref that contains it could give a false match, never miss one; the
# callers compare with the entry itself.
_END = b"\n"
_INSIDE = b"\x1f"


def add_source_refs(connection: Connection, content_id: int, placed: Sequence[tuple[int, str]]) -> None:
    """Add pairs of (position, source-ref), in order of position, behind those that are there."""
    for start in range(0, len(placed), REFS_PER_PAGE):
        page = placed[start : start + REFS_PER_PAGE]
        connection.execute(
            insert(dataset_source_refs).values(
                content_id=content_id,
                last_position=page[-1][0],
                positions=[position for position, _ in page],
                text=b"".join(_encoded(source_ref) + _END for _, source_ref in page),
            )
        )


def rebuild_source_refs(connection: Connection, content_id: int) -> None:
    """Write the pages of a content anew, after entries were taken out."""
    connection.execute(delete(dataset_source_refs).where(dataset_source_refs.c.content_id == content_id))
    statement = (
        select(dataset_entries.c.position, dataset_entries.c.source_ref)
        .where(dataset_entries.c.content_id == content_id)
        .order_by(dataset_entries.c.position)
    )
    add_source_refs(connection, content_id, [(position, text) for position, text in connection.execute(statement)])


def positions_containing(
    connection: Connection, content_id: int, part: str, *, after: int | None
) -> Iterator[list[int]]:
    """Positions behind `after` whose source-refs may contain `part`, page by page, in order; no empty lists."""
    wanted = _encoded(part)
    statement = (
        select(dataset_source_refs.c.last_position, dataset_source_refs.c.text)
        .where(dataset_source_refs.c.content_id == content_id)
        .order_by(dataset_source_refs.c.last_position)
    )
    if after is not None:
        statement = statement.where(dataset_source_refs.c.last_position > after)
    for last_position, text in connection.execute(statement):
        if wanted not in text:
            continue
        places = connection.execute(
            select(dataset_source_refs.c.positions).where(
                dataset_source_refs.c.content_id == content_id, dataset_source_refs.c.last_position == last_position
            )
        ).scalar_one()
        found = [places[index] for index, line in enumerate(text.split(_END)) if wanted in line]
        if after is not None:
            found = [position for position in found if position > after]
        if found:
            yield found


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").replace(_END, _INSIDE)
