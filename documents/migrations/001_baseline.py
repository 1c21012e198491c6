"""The shape the data had when migrations began: nothing is changed, the version alone is recorded."""


def run(db):
    """Nothing: 0.1.0 stored everything as the code reads it."""
