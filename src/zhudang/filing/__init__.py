"""Filing (归档): scope lists, obligations, records, descriptions, volumes, reference codes."""
