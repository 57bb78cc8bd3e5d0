"""Rules about uploads and files that need neither Django, clock, disk nor network."""
