"""The AWS JSON 1.1 edge of the emulator: everything between an HTTP request and a call of an operation."""
