"""Estimates of subsidies as tables and letters."""
