"""The API's wiring: who calls, how often, in which form, at which addresses."""
