"""Keys of the holdings: one key a key class and suite, wrapped to the archive's working key and to the recovery key.

Reading order: `classes` (which holdings share a key, and whether they are encrypted), `register` (the public facts, kept
with the stores), `keyring` (the keys in use), `shares` and `bech32` (the recovery key as words on paper),
`wrapping` (the small key files, rewritten whole or not at all), `ceremony`, `recovery`, `standing` (what people are told),
`command`.

Where things lie, in `var/keys` (mode 0700; apart from the stores, and in no backup):

    working.key           the archive's working key; whoever has it and a store reads everything
    working.next          a new one, while a rotation is under way
    keys.json             the register: public halves, who holds a share, what was done when
    key-<class>.age       each class's identity, sealed for the working key and the recovery key
    key-<class>.p7m       the same where the class is, or was, of the national suite

`keys.json` and the files of the classes stand at the root of every store too, so that a store can be opened by itself.
"""
