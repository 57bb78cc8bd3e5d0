"""Packages: folders and ZIP files that state what they hold. A module per kind, `finding.py` recognises them.

    for report in look.reports_on(folder): ...

Everything a package says is held against the bytes: structure, counts, sizes, digests, missing and surplus files.
"""
