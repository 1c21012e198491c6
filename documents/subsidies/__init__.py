"""Subsidies (เงินอุดหนุน): rates, heads that count, estimates, and money that goes back."""
