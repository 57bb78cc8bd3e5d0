"""Words and runs of characters: how text is folded, cut and asked for. Plain Python."""
