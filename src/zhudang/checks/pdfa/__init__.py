"""ISO 19005 (PDF/A): do files that claim it keep its clauses? One table of rules, one collector of violations.

`clauses`     the rules as data: clause numbers per part, severity, words
`judgement`   what was found, where, and what could not be decided
`judge`       runs every examination over one open document

Plain Python over an open pikepdf document; imported only for documents that claim PDF/A.
"""
