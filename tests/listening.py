"""What is asked of the database during a test, by every client of this process, and whether other processes may write."""

import sys

from pymongo.monitoring import CommandListener, register

from tests.slow import command_took

WRITING = {
    "insert",
    "update",
    "delete",
    "findAndModify",
}  # the product has no stage that writes in an aggregation
STARTING = {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec"}


class Listener(CommandListener):
    """Hears each command as it goes out."""

    sink = None  # where names of commands go
    commands = None  # where whole commands go
    helped = False  # another process was begun during the test: what that writes is not heard here

    def __init__(self):
        self.writes = []  # (database, collection) of each command of the test that may have stored something

    def forget(self):
        """The test is over, and what it wrote is gone."""
        self.writes.clear()
        self.helped = False

    def written(self, database, since=0):
        """The names of a database's collections that were written to, from some write on."""
        return {name for where, name in self.writes[since:] if where == database}

    def started(self, event):
        if event.command_name in WRITING:
            self.writes.append((event.database_name, event.command[event.command_name]))
        if self.sink is not None:
            self.sink.append(event.command_name)
        if self.commands is not None:
            self.commands.append(dict(event.command))

    def succeeded(self, event):
        command_took(event)

    def failed(self, event):
        command_took(event)

    def audited(self, name, _):
        """What Python tells of a process that begins."""
        if name in STARTING:
            self.helped = True


LISTENER = Listener()
register(LISTENER)
sys.addaudithook(LISTENER.audited)
