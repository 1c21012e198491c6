"""Pages of money and its rates."""
