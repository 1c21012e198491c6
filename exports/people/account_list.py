"""The list of accounts as a workbook: who holds what where, and when he was last there; never how he signs in."""

from documents.formats.buddhist import format_datetime
from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

COLUMNS = [
    Column("name", "ชื่อ-สกุล", width=30),
    Column("email", "อีเมล", width=34),
    Column("roles", "บทบาท", width=28),
    Column("place", "โรงเรียน/เขต", width=36),
    Column("state", "สถานะ", width=20),
    Column("seen", "เข้าใช้ล่าสุด", width=24),
    Column("confirmed", "ยืนยันบัญชีล่าสุด", width=24),
]


def account_list(rows, title):
    """An open workbook of (User, roles, [place], state, when last confirmed) rows; roles and state are words."""
    return list_file(title, title, COLUMNS, (_cells(*row) for row in rows), personal=True)


def _cells(person, roles, places, state, confirmed):
    seen = format_datetime(person.current_login_at) or "ยังไม่เคย"
    return [person.name, person.email, roles, ", ".join(places), state, seen, format_datetime(confirmed)]
