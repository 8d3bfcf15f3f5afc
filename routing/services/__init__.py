"""Verbs of routing, one module per noun."""
