"""What was done, by whom, and that nobody can change it: history, the log, access to personal data, keys and signatures."""
