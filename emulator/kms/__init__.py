"""Of AWS KMS what a chooser of keys needs: which keys there are. Nothing is encrypted."""
