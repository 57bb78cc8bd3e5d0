"""The log nobody can edit: append-only entries, chained by one sealer, witnessed outside the database."""
