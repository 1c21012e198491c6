"""EMIS, staff and school technology (ครู บุคลากร และเทคโนโลยี)."""
