"""The registry's rulebook in plain Python."""
