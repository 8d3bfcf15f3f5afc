"""Pages of routing, one module per noun."""
