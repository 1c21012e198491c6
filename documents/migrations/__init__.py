"""Migrations (การปรับรูปแบบข้อมูล): what brings the data of one version to the shape of the next.

One module each, NNN_what_it_does.py, numbered without a gap, with a docstring whose first line says, in Thai first, what it does,
and

    def run(db): ...        # the PyMongo database; may be run again after being interrupted anywhere in it

`scripts/start` runs what a database has not had, in order, before it builds indexes and lets anyone in, and records each in the
collection `migrations`. A module that was released is never changed or taken away; a mistake is mended by the next one.
Records of closed rounds: see `rewriting.py`.
"""
