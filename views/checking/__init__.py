"""Findings, the rules behind them, and the duplicates desk."""
