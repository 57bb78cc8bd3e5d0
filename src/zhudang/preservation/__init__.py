"""Preservation: volumes as objects that explain themselves, in two places, read back before anyone says so."""
