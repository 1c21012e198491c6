"""Letters of a round (หนังสือราชการ): the memo to the superior and the letter to the schools, for AMSS++.

What they say is made from the round each time (letter_words.py); what is kept on the round is the number and date they went out with.
Layout: ระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. 2526, forms 2 (บันทึกข้อความ) and 1 (หนังสือภายนอก).
"""

from documents.collecting.round_moves import change_state
from documents.collecting.rounds import DRAFTS
from documents.errors import Invalid, NotAllowed, WrongState
from documents.formats import buddhist, thai

MEMO, TO_SCHOOLS = "memo", "schools"
KINDS = {MEMO: "บันทึกข้อความถึงผู้บังคับบัญชา", TO_SCHOOLS: "หนังสือถึงโรงเรียน"}
MOVED = {f"letter_{name}": f"บันทึกเลขที่{words}" for name, words in KINDS.items()}
LONGEST_NUMBER = 100


def may_record(round_, user):
    """Whether this person records the number and date of a round's letters."""
    return user.holds("district", round_.area_code)


def record(round_, kind, number, day, user):
    """Record the number and date (a naive midnight) with which a letter went out; gives the fresh Round.

    Raises NotAllowed, Invalid by field, WrongState for a letter to schools before the order, or when somebody else
    changed the round meanwhile.
    """
    if not may_record(round_, user):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่บันทึกเลขที่หนังสือได้")
    number = thai.clean(number)
    if kind not in KINDS or not number or len(number) > LONGEST_NUMBER:
        raise Invalid({0: {"number": f"โปรดพิมพ์เลขที่หนังสือ ไม่เกิน {LONGEST_NUMBER} ตัวอักษร"}})
    if kind == TO_SCHOOLS and round_.state in DRAFTS and not round_.order:
        raise WrongState("ผู้บังคับบัญชายังไม่ได้สั่งการ จึงยังแจ้งโรงเรียนไม่ได้ กรุณารอคำสั่งการก่อน")
    before = (round_.letters or {}).get(kind, {})
    kept = {"number": number, "day": day, "by": user.id, "by_name": user.name}
    noted = {f"letter_{kind}": [before.get("number"), f"{number} ลงวันที่ {buddhist.format_long(day)}"]}
    return change_state(
        round_, round_.state, user, None, noted=noted, letters={**(round_.letters or {}), kind: kept}
    )


def shown(round_, kind):
    """'ศธ 04184/1412 ลงวันที่ 7 พฤษภาคม 2568', or None where it has no number yet."""
    kept = (round_.letters or {}).get(kind)
    return f"{kept['number']} ลงวันที่ {buddhist.format_long(kept['day'])}" if kept else None
