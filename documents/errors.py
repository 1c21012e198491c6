"""What a rule says when it refuses: every message is a Thai sentence a teacher can act on.

Anything that is not a `RuleBroken` is a fault of ours and stays loud.
"""

import errno


class RuleBroken(Exception):
    """A rule of the district refused; `message` says what to do, `status` is the HTTP answer."""

    status = 400

    def __init__(self, message):
        super().__init__(message)
        self.message = message


class NotAllowed(RuleBroken):
    """This person may not do this (ไม่มีสิทธิ์)."""

    status = 403


class OutOfScope(NotAllowed):
    """The record belongs to a school or area that this person does not have."""

    def __init__(self, message="ท่านไม่มีสิทธิ์เข้าถึงข้อมูลนี้ กรุณาตรวจสอบว่าเลือกโรงเรียนและรอบถูกต้อง"):
        super().__init__(message)


class Unknown(OutOfScope):
    """Nothing of this id is this person's: none there is, or it belongs to an area that he does not have."""

    status = 404


class DoorClosed(RuleBroken):
    """The submission or round takes no entries now; the three kinds below say which word applies."""

    status = 409


class RoundLocked(DoorClosed):
    """ล็อกแล้ว: the round or this school's data is locked for good."""


class WindowShut(DoorClosed):
    """ปิดรับข้อมูล: the window of this step is not open at this minute."""


class WrongState(DoorClosed):
    """The submission is in a state from which this cannot be done."""


class TotalsDiffer(WrongState):
    """A file's totals, counted from what goes into it, are not the control room's: it is not handed out."""


class StaleRevision(RuleBroken):
    """Somebody else saved first. `conflicts` is a list of `Conflict`, one a record."""

    status = 409

    def __init__(self, conflicts):
        super().__init__("มีผู้อื่นแก้ไขข้อมูลนี้ก่อนหน้าท่าน กรุณาเลือกค่าที่ถูกต้องแล้วบันทึกอีกครั้ง")
        self.conflicts = conflicts


class DuplicateKey(RuleBroken):
    """Another record of the same school and round already has this key."""

    status = 409


class Invalid(RuleBroken):
    """Values that cannot be stored: `errors` is {record index: {field name: sentence}}."""

    status = 422

    def __init__(self, errors):
        first = next(iter(next(iter(errors.values())).values()))
        super().__init__(first)
        self.errors = errors


class Busy(RuleBroken):
    """Somebody is saving at this very moment and did not finish in time; try again."""

    status = 503


class TooOften(RuleBroken):
    """Asked more often than anyone needs to; come again later."""

    status = 429


class Uncertain(RuleBroken):
    """The database was lost while it made the save final, so nobody knows whether it was made."""

    status = 503

    def __init__(self):
        super().__init__(
            "ฐานข้อมูลขาดการติดต่อขณะบันทึก จึงยังไม่ทราบว่าบันทึกแล้วหรือไม่ กรุณาเปิดหน้านี้ใหม่และตรวจดูก่อนบันทึกอีกครั้ง"
        )


class NoRoom(RuleBroken):
    """The server's disk is full: a file could not be made to its end, and nothing of it is left."""

    status = 507

    def __init__(self):
        super().__init__("พื้นที่เก็บไฟล์ของเครื่องแม่ข่ายเต็ม จึงยังทำไฟล์นี้ไม่ได้ ข้อมูลไม่เสียหาย กรุณาแจ้งผู้ดูแลระบบแล้วสั่งใหม่")


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what a full disk, a full share and a limit say


def is_full(fault):
    """Whether a fault tells of a disk without room."""
    return isinstance(fault, OSError) and fault.errno in FULL


class FileRefused(RuleBroken):
    """An uploaded file cannot be read as a table."""
