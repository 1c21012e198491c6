"""The operator's commands, a `flask` command group behind scripts/manage."""

import os
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import click
from flask.cli import routes_command

from documents.errors import RuleBroken
from documents.users import EVERY_AREA, System
from scripts.embedded import EmbeddedMongo
from scripts.environment import ROOT
from scripts.folder import CannotStart, hold, prepare
from scripts.serve import settings_for

OPERATOR = System("scripts/manage")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 110})
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: os.environ.get("KHET_DATA") or ROOT / "var",
    help="โฟลเดอร์ข้อมูลของ scripts/start (default: ./var)",
)
@click.pass_context
def manage(context, data):
    """คำสั่งของผู้ดูแลระบบ ใช้ได้ทั้งขณะที่ Khet ทำงานอยู่และขณะหยุด"""
    context.obj = Path(data)


def with_database(command):
    """Run a command with the settings made and the database reached: the running one, or one started for it."""

    @wraps(command)
    @click.pass_context
    def run(context, *arguments, **options):
        try:
            with database_of(context.obj) as data:
                return context.invoke(command, *arguments, data=data, **options)
        except (CannotStart, RuleBroken) as reason:
            raise click.ClickException(str(reason)) from reason

    return run


@contextmanager
def database_of(folder: Path):
    """The prepared data folder, with this process's settings made and the documents connected; raises CannotStart."""
    data = prepare(folder)
    os.environ.update(settings_for("127.0.0.1", 8000, data))
    lock, server = None, EmbeddedMongo(data)
    try:
        if "MONGODB_URI" not in os.environ:
            try:
                lock = hold(data)
                os.environ["MONGODB_URI"] = server.start()
            except CannotStart:
                if lock:
                    raise
                os.environ["MONGODB_URI"] = server.uri_of_running()
        from scripts.preparing import connect_documents

        connect_documents()
        yield data
    finally:
        server.stop()
        if lock:
            lock.close()


def make_app():
    """The application with this process's settings."""
    from admin_app import create_app
    from admin_app.config import Settings

    return create_app(Settings.from_environment())


@manage.command("create-admin")
@click.option("--email", required=True, help="อีเมลที่ใช้เข้าสู่ระบบ")
@click.option("--name", required=True, help="ชื่อและนามสกุล")
@click.option("--area", default=EVERY_AREA, show_default=True, help="รหัสเขต 8 หลัก หรือ * สำหรับทุกเขต")
@with_database
def create_admin(data, email, name, area):
    """สร้างบัญชีผู้ดูแลระบบ และพิมพ์รหัสผ่านแรกซึ่งต้องเปลี่ยนเมื่อเข้าใช้ครั้งแรก"""
    from documents import accounts
    from documents.users import Grant
    from scripts.preparing import build_indexes

    build_indexes()
    grants = [Grant(role="admin", area_code=area)]
    _, slip = accounts.create(OPERATOR, {"email": email, "name": name, "grants": grants})
    tell(slip)


@manage.command("reset-password")
@click.option("--email", required=True, help="อีเมลของบัญชี")
@with_database
def reset_password(data, email):
    """ตั้งรหัสผ่านแรกใหม่ให้บัญชีหนึ่ง และปิดทุกหน้าจอที่บัญชีนั้นเข้าใช้อยู่"""
    from documents import accounts
    from documents.users import User

    person = User.objects(email=email.strip().lower()).first()
    if person is None:
        raise click.ClickException(f"ไม่มีบัญชี {email} (no such account)")
    tell(accounts.reset(OPERATOR, person.id, "ผู้ดูแลเครื่องตั้งให้ใหม่"))


def tell(slip):
    """Print a first password, which is stored nowhere."""
    click.echo(f"บัญชี {slip.email}\nรหัสผ่านแรก: {slip.password}  (ต้องเปลี่ยนเมื่อเข้าใช้ครั้งแรก)")


@manage.command("demo")
@click.option("--schools", type=click.IntRange(min=4), default=230, show_default=True, help="จำนวนโรงเรียน")
@click.option("--students", type=click.IntRange(min=0), default=50_000, show_default=True, help="จำนวนนักเรียน")
@with_database
def load_demo(data, schools, students):
    """โหลดเขตสาธิตลงในฐานข้อมูลที่ยังว่าง"""
    from scripts import preparing

    preparing.build_indexes()
    preparing.seed_code_lists()
    if not preparing.is_empty():
        raise click.ClickException("ฐานข้อมูลมีข้อมูลอยู่แล้ว ไม่โหลดข้อมูลสาธิตทับ (the database is not empty)")
    preparing.load_demo(schools, students, data)
    click.echo(f"โหลดข้อมูลสาธิตแล้ว บัญชีอยู่ใน {data / 'demo-accounts.json'}")


@manage.command("verify-audit")
@click.option("--area", default=None, help="เฉพาะเขตนี้ (รหัส 8 หลัก)")
@with_database
def verify_audit(data, area):
    """ตรวจลูกโซ่ของประวัติการแก้ไข; จบด้วยสถานะ 1 เมื่อพบจุดที่ถูกแก้หรือหายไป"""
    from documents import history

    found = 0
    for found, problem in enumerate(history.verify(area), start=1):  # noqa: B007 (the last number is the count)
        click.echo(problem)
    if found:
        raise click.ClickException(f"พบ {found:,} จุดที่ประวัติไม่ตรงกับข้อมูล ({found:,} problems found)")
    click.echo("ประวัติครบถ้วน ไม่พบการแก้ไข (the history is whole)")


@manage.command("routes")
@with_database
@click.pass_context
def routes(context, data):
    """รายการเส้นทาง (URL) ทั้งหมดของระบบ"""
    with make_app().app_context():
        context.invoke(routes_command, sort="rule", all_methods=False)


@manage.command("settings")
def settings():
    """ตารางตัวแปรสภาพแวดล้อมทั้งหมด (Markdown)"""
    from admin_app.config import settings_table

    click.echo(settings_table())


if __name__ == "__main__":
    manage(prog_name="scripts/manage")
