"""Pure rules of Custom Labels: no input, no output, no imports of ours."""
