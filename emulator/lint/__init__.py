"""A manifest judged outside the server."""
