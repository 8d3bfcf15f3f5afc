"""Hubs and traffic: weights, the published snapshot, and the redirector that obeys it."""
