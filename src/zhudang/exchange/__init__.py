"""The other systems' languages: permits and applications come in, results go out."""
