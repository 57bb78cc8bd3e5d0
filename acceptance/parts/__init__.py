"""What the acceptance scripts share; nothing here runs by itself."""
