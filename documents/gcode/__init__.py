"""G-Code, numbers for learners without papers (รหัส G): requests, evidence, certifying, and what becomes of a code."""
