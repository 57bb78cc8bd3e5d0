"""What turns one format into another and proves what was kept; each runs in a child process of its own (`child`)."""
