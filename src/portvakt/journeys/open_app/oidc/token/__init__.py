"""The token endpoint, and what can be done with what it gave."""
