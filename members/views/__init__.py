"""Pages about people and what is told to them."""
