"""Rules on organisations, accounts and roles. Plain Python."""
