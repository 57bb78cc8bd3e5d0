"""Rules of the log: what an entry says, how entries are chained, how a chain is judged. Plain Python."""
