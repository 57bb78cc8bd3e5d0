"""What the database itself holds of the log; `site.roles` takes the application's rights away by this list."""

APPEND_ONLY = ("audit_entry", "audit_seal", "audit_head", "audit_treetile", "audit_treehead", "audit_searchblock")
"""Tables the application may add to and read, and nothing else; migrations 0002, 0003 and 0004 put triggers on them as well."""

TAIL = "audit_unsealed"
"""The sealer takes rows away here; an entry that is neither here nor sealed is found by `verification.verify`."""
