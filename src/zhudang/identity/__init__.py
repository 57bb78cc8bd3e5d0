"""Organisations, accounts, members, roles, clearance, and the one module that decides on rights."""
