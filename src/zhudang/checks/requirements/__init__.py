"""Requirements on models (buildingSMART IDS 1.0) and whether a model meets them. Inside workers only."""
