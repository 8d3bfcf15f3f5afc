"""The API of hubs and traffic."""
