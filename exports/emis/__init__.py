"""The reports of EMIS."""
