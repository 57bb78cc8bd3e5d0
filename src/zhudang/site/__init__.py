"""Settings, addresses, base pages, wiring. Only `cli` and `demo` import it."""
