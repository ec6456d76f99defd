"""The four example projects (C-2 to C-4): pictures that are drawn here, with their labels; the same ones every time."""
