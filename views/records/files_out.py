"""Files that are handed out (ไฟล์ที่ส่งออก): each view that gives one says what it holds, and by that how often it may be asked.

`@hands_out(SCOPE)` stands under `@expose`. A test walks the views: one that gives a file and does not say so fails.
"""

SCOPE = (
    "scope"  # the persons or schools of a whole scope: a list, a register, a report with what lies behind it
)
ONE = "one"  # the paper of one person or school: evidence, a pupil's sheet, a letter
NOBODY = "nobody"  # no personal data: a blank form, a public key, a picture of a building
KINDS = (SCOPE, ONE, NOBODY)


def hands_out(what):
    """Mark a view that hands out a file by what it holds; admin_app/security.py limits the views by their mark."""

    def marked(view):
        view.hands_out = what
        return view

    return marked
