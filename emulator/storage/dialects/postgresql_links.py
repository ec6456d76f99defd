"""How an emulator is connected with PostgreSQL: a lost link shows soon at both ends, and the owner is named."""

from __future__ import annotations

from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL, make_url

OWNER = "custom_labels.owner"
"""The setting of a connection that names the emulator it belongs to."""

# libpq's and the server's own: a link on which nothing is acknowledged for two seconds is lost. Sockets of the same
# machine need none of it, and take it.
_OF_CLIENT = {
    "application_name": "custom-labels",
    "connect_timeout": "2",
    "keepalives_idle": "1",
    "keepalives_interval": "1",
    "keepalives_count": "2",
    "tcp_user_timeout": "2000",
}
_OF_SERVER = "-c tcp_keepalives_idle=1 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2 -c tcp_user_timeout=2000"


def linked(url: str | URL) -> URL:
    """The URL with what a lost link is known by, for SQLAlchemy; what the URL says itself about it stays."""
    made = make_url(url)
    options = f"{_OF_SERVER} {_text(made, 'options')}".strip()
    return made.set(drivername="postgresql+psycopg", query={**_OF_CLIENT, **made.query, "options": options})


def connection_info(url: str | URL) -> str:
    """`linked` as the driver itself takes it, password included."""
    made = linked(url)
    query = {name: value if isinstance(value, str) else ",".join(value) for name, value in made.query.items()}
    return make_conninfo("", **made.translate_connect_args(username="user", database="dbname"), **query)


def owned_url(url: str, owner: str) -> str:
    """The URL by which the parts of an emulator, its workers too, say whose they are."""
    made = make_url(url)
    named = f"{_text(made, 'options')} -c {OWNER}={owner}".strip()
    return made.update_query_dict({"options": named}).render_as_string(hide_password=False)


def owner_of(url: str | URL) -> str | None:
    """Whose connections a URL makes."""
    _, found, name = _text(make_url(url), "options").partition(f"-c {OWNER}=")
    return name.split()[0] if found else None


def _text(url: URL, key: str) -> str:
    value = url.query.get(key, "")
    return value if isinstance(value, str) else value[-1]
