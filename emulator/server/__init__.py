"""The composition root: the application, its parts, its life from start to end."""
