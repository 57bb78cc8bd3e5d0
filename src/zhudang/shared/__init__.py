"""A few words everyone speaks. Plain Python; only `shared.web` knows Django."""
