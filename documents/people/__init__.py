"""Who uses Khet and what they may do: accounts, roles, registration, sign-in, privacy."""
