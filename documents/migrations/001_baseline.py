"""รูปแบบข้อมูลตั้งต้น: the shape the data had when migrations began. Nothing is changed, the version is recorded."""


def run(db):
    """Nothing: 0.1.0 stored everything as the code reads it."""
