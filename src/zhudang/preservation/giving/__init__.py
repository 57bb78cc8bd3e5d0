"""Exchange packages going out: what is preserved, given to another archive or system in a form it can check by itself.

gathering    which volumes, with their descriptions and bytes
sinks        a folder or a ZIP, written whole or not at all, every byte digested on the way
bagit        BagIt 1.0 (RFC 8493)
transfer     the tree of DA/T 93-2022 annex B, with the digest list of our SIP profile
csip         an information package by E-ARK CSIP 2.1, METS over all of it
eep          one encapsulation by DA/T 48-2009 for each record, signed
operations   `give`: the act, with its refusals and its entry in the log
"""
