"""What every room may lean on and what knows no room itself: logging, and the guarded client for outgoing requests."""
