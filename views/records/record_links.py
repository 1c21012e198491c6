"""The links of a grid: its address with one part changed, the pager with its letters, the chips of what narrows it."""

from urllib.parse import quote

from flask import request, url_for

from documents.records.codelists import code_list
from views.records.grid_rows import PK

LETTERS = "กขคจฉชซฌญฐณดตถทธนบปผฝพฟภมยรลวศสหอฮ"
NOT_OF_A_PAGE = ("page", "after", "before", "last", "letter")


class LinksMixin:
    """The part of RecordView that leads from one page of its grid to another."""

    def _address(self, drop=(), **more):
        kept = {
            name: values
            for name, values in request.args.lists()
            if name not in drop and name not in more and name not in NOT_OF_A_PAGE
        }
        kept |= {name: value for name, value in more.items() if value is not None}
        return url_for(f"{self.endpoint}.index_view", **kept)

    def _flt_args(self):
        return [name for name in request.args if name.startswith("flt")]

    def _sort_url(self, column, invert=False, desc=None):
        turned = 1 if desc or (invert and not request.args.get("desc", type=int)) else None
        return self._address(sort=column, desc=turned)

    def _pager(self, wanted, page, count, capped):
        rows, address = page.rows, self._address
        sorted_ = wanted.sort
        at = max(request.args.get("page", 0, type=int), 0)
        if sorted_:
            steps = {
                "first": address() if page.earlier else None,
                "prev": address(page=at - 1 or None) if page.earlier else None,
                "next": address(page=at + 1) if page.later else None,
                "last": None,
            }
        else:
            steps = {
                "first": address() if page.earlier else None,
                "prev": address(before=str(rows[0]["_id"])) if page.earlier and rows else None,
                "next": address(after=str(rows[-1]["_id"])) if page.later and rows else None,
                "last": address(last=1) if page.later else None,
            }
        letters = [] if sorted_ else self._letters()
        first = at * self.page_size + 1 if sorted_ else 1 if not page.earlier else None
        span = {"from": first, "to": first + len(rows) - 1} if first and rows else {}
        about = {"total": count, "capped": capped, "unit": self.model.unit, "letters": letters}
        return about | steps | span

    def _letters(self):
        """The links of the letters: one address, and each letter put into it."""
        chosen, pattern = request.args.get("letter"), self._address(letter=PK)
        return [
            {"label": letter, "href": pattern.replace(PK, quote(letter)), "active": letter == chosen}
            for letter in LETTERS
        ]

    def _chips(self, active):
        chips = []
        for position, (index, name, value) in enumerate(active or []):
            flt = self._filters[index]
            words = dict(flt.options or []).get(value, value)
            if flt.field.codelist and words == value:
                words = code_list(flt.field.codelist).label(value) or value
            word = "" if flt.operator == "eq" else f" {flt.operation()}"
            arg = f"flt{position}_{flt.key}"
            given = next(
                (a for a in request.args if a.endswith(f"_{flt.key}") and request.args[a] == value), arg
            )
            chips.append({"label": name + word, "value": words, "remove": self._address(drop=(given,))})
        if own := self.own_chip():
            chips.append({"label": own[0], "value": own[1], "remove": self._address(drop=self.own_arguments)})
        if request.args.get("missing"):
            chips.append(
                {"label": "แสดง", "value": "เฉพาะที่กรอกไม่ครบ", "remove": self._address(drop=("missing",))}
            )
        if request.args.get("by_district"):
            chips.append(
                {
                    "label": "แสดง",
                    "value": "เฉพาะที่เขตบันทึกแทน",
                    "remove": self._address(drop=("by_district",)),
                }
            )
        if request.args.get("unreviewed"):
            chips.append(
                {"label": "แสดง", "value": "เฉพาะที่ยังไม่ทบทวน", "remove": self._address(drop=("unreviewed",))}
            )
        if request.args.get("letter"):
            chips.append(
                {"label": "ตั้งแต่อักษร", "value": request.args["letter"][:1], "remove": self._address()}
            )
        return chips
