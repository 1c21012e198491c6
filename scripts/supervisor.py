"""Keeping the parts alive: what dies is started again, and all of it stops together."""

import time

from scripts.folder import CannotStart

MOST_RESTARTS, WITHIN_SECONDS = 5, 60


class Stopped(BaseException):
    """Somebody asked to stop (Ctrl-C, SIGTERM); not an error, so nothing that handles errors may catch it."""


class Supervisor:
    """The parts that run, in the order they were started. A part has `start()`, `stop()`, `running` and `name`."""

    def __init__(self):
        self.parts = []
        self.given = {}  # what each part's start gave
        self.restarts = {}  # when each part was started again, lately

    def keep(self, part):
        """Start a part, remember to stop it, and give what its start gives."""
        self.parts.append(part)
        self.given[part] = part.start()
        return self.given[part]

    def watch(self) -> None:
        """Start again what has died, until Stopped. Raises CannotStart when a part keeps dying."""
        while True:
            time.sleep(0.5)
            for part in self.parts:
                if not part.running:
                    self._again(part)

    def _again(self, part) -> None:
        now = time.monotonic()
        lately = [at for at in self.restarts.get(part, ()) if now - at < WITHIN_SECONDS]
        self.restarts[part] = [*lately, now]
        if len(lately) >= MOST_RESTARTS:
            raise CannotStart(
                f"{part.name} หยุดเองซ้ำหลายครั้ง ดูเหตุใน {part.log}", f"{part.name} keeps dying, see its log"
            )
        print(f"{part.name} หยุดเอง กำลังเริ่มใหม่ ({part.name} died and is started again)", flush=True)
        if part.start() != self.given[part]:
            raise CannotStart(
                f"{part.name} กลับมาที่อยู่ใหม่ กรุณาเริ่ม Khet ใหม่",
                f"{part.name} came back at another address, start again",
            )

    def stop(self) -> None:
        """Stop every part, the last started first."""
        for part in reversed(self.parts):
            part.stop()
