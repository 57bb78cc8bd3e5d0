"""Rules on files, descriptions and packages; findings with codes.

Plain Python: no Django, no database, no workflow. Parsers run in worker processes only (see `engine`),
so importing this package, or `engine`, loads nothing that could crash on a stranger's file.

Reading order: `model` (what a report is) → `rules` (the data) → `engine` (who runs it, and how it is
bounded) → `examine` (one file, inside a worker) → `openers/` (one module per kind of file).
"""
