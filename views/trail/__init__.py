"""What was done and who looked at whose data."""
