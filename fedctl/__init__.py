"""fedctl: the federation's API from a terminal or a script. Knows the API and nothing else of the portal."""
