"""Formats over time: the register of what is held, migrations that keep the original, renditions beside it."""
