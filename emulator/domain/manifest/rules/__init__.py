"""The rules of manifests: of lines, of files, and the catalogue of all."""
