"""How people and groups are read out of a directory, for every kind of directory that speaks LDAP.

Next door: `portvakt.wire.ldap` asks the servers, `portvakt.directories` has the kinds themselves.
"""
