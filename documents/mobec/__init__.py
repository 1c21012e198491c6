"""M-OBEC, equipment (ครุภัณฑ์)."""
