"""Reads a JSON object of languages and lists of programs; prints those that have a syntax error."""

import importlib
import json
import sys

from tree_sitter import Language, Parser

wrong = []
for language, programs in json.load(sys.stdin).items():
    parser = Parser(Language(importlib.import_module(f"tree_sitter_{language}").language()))
    wrong += [program for program in programs if parser.parse(program.encode()).root_node.has_error]
print(json.dumps(wrong))
