"""Files of G-codes: exchange, register, form and reports."""
