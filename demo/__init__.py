"""A federation to try things on: simulated hubs, invented organisations and gentle visitors. Nobody imports it."""
