"""The map's rulebook in plain Python."""
