"""The authorization endpoint: what an app may ask of a person, and where the answer goes."""
