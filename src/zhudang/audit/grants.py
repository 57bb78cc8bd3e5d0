"""What the database itself holds: nobody but the owner may change a table of the log, and triggers stop the owner too.

Migrations make the triggers and know no role; whoever makes the roles (the supervisor, tests, an outside
PostgreSQL's administrator) runs `grant_statements` after every migration.
"""

APPEND_ONLY = ("audit_entry", "audit_seal", "audit_head")
"""Tables the application may add to and read, and nothing else."""

TAIL = "audit_unsealed"
"""The sealer takes rows away here; an entry missing from it and not sealed is found by `verify`."""


def grant_statements(*, application: str, reader: str) -> list[str]:
    """SQL that gives the two roles exactly what they may do on the log, taking back anything wider."""
    statements = []
    for table in APPEND_ONLY:
        statements += [
            f'REVOKE ALL ON "{table}" FROM PUBLIC, "{application}", "{reader}"',
            f'GRANT SELECT, INSERT ON "{table}" TO "{application}"',
            f'GRANT SELECT ON "{table}" TO "{reader}"',
        ]
    statements += [
        f'REVOKE ALL ON "{TAIL}" FROM PUBLIC, "{application}", "{reader}"',
        f'GRANT SELECT, INSERT, DELETE ON "{TAIL}" TO "{application}"',
        f'GRANT SELECT ON "{TAIL}" TO "{reader}"',
    ]
    return statements
