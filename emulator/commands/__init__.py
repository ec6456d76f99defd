"""The commands of `custom-labels`, one a file: add_arguments(parser) and run(arguments)."""
