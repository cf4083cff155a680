"""Keys, hashes and randomness: the only place that holds them.

`randomness` draws, `passwords` hashes what people type, `sealing` encrypts what is stored and
derives keys, `signing` signs what is sent, `digests` turns look-up secrets into what is stored,
`pairing_codes` draws and stores what brings a phone to an account.
"""
