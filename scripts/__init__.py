"""The operator's commands: start, test and manage, and what they stand on."""
