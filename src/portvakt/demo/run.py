"""Builds the region, starts every server, and says where they are."""
