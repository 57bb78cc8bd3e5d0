"""The store: OCFL 1.1 objects in plain Python. Knows files and digests, no database and no archive's words.

Reading order: `layout` (where things are), `inventory` (what an object says of itself), `root` (one place that
holds objects), `writer` (a new version into several places at once, forced by `together`, read back by `beside`), `verifier` (every byte again),
`replicate` (a place that lags or is damaged, made good from another), `reader` (bytes back out).

Source: OCFL 1.1, https://ocfl.io/1.1/spec/; layout extension 0003.
"""
