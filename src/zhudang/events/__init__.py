"""What happened, to whom it is told, and how far long work has come."""
