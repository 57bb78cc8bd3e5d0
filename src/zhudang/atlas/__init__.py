"""The one map: sites, structures and the town's base, every feature asked for its rights before it is drawn."""
