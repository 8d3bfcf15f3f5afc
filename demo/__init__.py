"""A federation to try: simulated hubs, invented organisations and visitors. Never imported by the rest."""
