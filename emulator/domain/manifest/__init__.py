"""Manifests: reading them, checking every line, and what datasets and trainings make of them.

`rules` is the catalogue of errors and warnings; `reading` streams files; `inspecting` checks one line; `dataset` and
`training` are the two moments at which AWS checks; `images` judges opened images; `annotating` puts errors into lines.
"""
