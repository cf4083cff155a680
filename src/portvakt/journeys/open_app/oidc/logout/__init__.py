"""Signing out: at an app's wish, and telling every app of it."""
