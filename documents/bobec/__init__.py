"""B-OBEC, buildings (อาคารและสิ่งก่อสร้าง)."""
