"""People and promises: members of the federation and whom to call."""
