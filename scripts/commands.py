"""The operator's commands, a `flask` command group behind scripts/manage."""

import os
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import click
from flask.cli import routes_command

from documents.errors import RuleBroken
from documents.people.users import EVERY_AREA, System
from scripts.embedded import EmbeddedMongo
from scripts.environment import ROOT
from scripts.folder import CannotStart, hold, prepare
from scripts.serve import FEWEST_SCHOOLS, settings_for

OPERATOR = System("ผู้ดูแลเครื่อง")  # as the history says it


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
def database_of(folder: Path, alone=False):
    """The prepared data folder, with this process's settings made and the documents connected.

    `alone` keeps everybody else off the folder, and takes a database that an interrupted restore left.
    Raises CannotStart.
    """
    data = prepare(folder)
    os.environ.update(settings_for("127.0.0.1", 8000, data))
    lock, server = hold(data) if alone else None, EmbeddedMongo(data)
    try:
        if alone and "MONGODB_URI" not in os.environ:
            os.environ["MONGODB_URI"] = server.start()
        if "MONGODB_URI" not in os.environ:
            try:
                lock = hold(data)
                os.environ["MONGODB_URI"] = server.start()
            except CannotStart:
                if lock:
                    raise
                os.environ["MONGODB_URI"] = server.uri_of_running()
        from scripts import preparing

        preparing.connect_documents()
        if not alone:
            preparing.require_whole()
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


@manage.command("create-area")
@click.option("--code", required=True, help="รหัสเขต 8 หลัก (สพป. เช่น 86010000) หรือ 6 หลัก (สพม.)")
@click.option("--name", required=True, help="ชื่อเต็มของสำนักงานเขต")
@click.option("--short-name", default="", help="ชื่อย่อ เช่น สพป.ชุมพร เขต 1")
@click.option("--province", default="", help="รหัสจังหวัด 2 หลัก (จำเป็นสำหรับ สพม.)")
@with_database
def create_area(data, code, name, short_name, province):
    """เพิ่มเขตพื้นที่การศึกษา พร้อมสำนักงานเขตเป็นหน่วยหนึ่ง ก่อนสร้างผู้ดูแลระบบของเขต"""
    from documents.district import areas
    from scripts import preparing

    preparing.migrate()
    preparing.build_indexes()
    made = areas.create_area(OPERATOR, code, name, short_name, province)
    click.echo(f"เพิ่มเขต {made.code} {made.name} แล้ว ต่อไปให้สร้างผู้ดูแลระบบด้วย create-admin --area {made.code}")


@manage.command("create-admin")
@click.option("--email", required=True, help="อีเมลที่ใช้เข้าสู่ระบบ")
@click.option("--name", required=True, help="ชื่อและนามสกุล")
@click.option("--area", help="รหัสเขต หรือ * สำหรับทุกเขต ไม่ระบุคือเขตเดียวที่มี ถ้ามีหลายเขตหรือยังไม่มีคือทุกเขต")
@with_database
def create_admin(data, email, name, area):
    """สร้างบัญชีผู้ดูแลระบบ และพิมพ์รหัสผ่านแรกซึ่งต้องเปลี่ยนเมื่อเข้าใช้ครั้งแรก"""
    from documents.district.schools import Area
    from documents.people import accounts
    from documents.people.users import Grant
    from scripts import preparing

    preparing.migrate()
    preparing.build_indexes()
    known = [each.code for each in Area.objects.only("code").limit(2)]
    grants = [Grant(role="admin", area_code=area or (known[0] if len(known) == 1 else EVERY_AREA))]
    _, slip = accounts.create(OPERATOR, {"email": email, "name": name, "grants": grants})
    tell(slip)


@manage.command("reset-password")
@click.option("--email", required=True, help="อีเมลของบัญชี")
@with_database
def reset_password(data, email):
    """ตั้งรหัสผ่านแรกใหม่ให้บัญชีหนึ่ง และปิดทุกหน้าจอที่บัญชีนั้นเข้าใช้อยู่"""
    from documents.people import accounts

    tell(accounts.reset(OPERATOR, account_of(email).id, "ผู้ดูแลเครื่องตั้งให้ใหม่"))


@manage.command("clear-two-step")
@click.option("--email", required=True, help="อีเมลของบัญชี")
@with_database
def clear_two_step(data, email):
    """ล้างการยืนยันตัวตนสองชั้นของบัญชีหนึ่งที่ทำโทรศัพท์และรหัสสำรองหาย"""
    from documents.people import accounts

    person = account_of(email)
    accounts.clear_two_step(OPERATOR, person.id, "ผู้ดูแลเครื่องล้างให้")
    click.echo(f"ล้างการยืนยันตัวตนสองชั้นของ {person.email} แล้ว ให้ตั้งค่าใหม่หลังเข้าสู่ระบบ")


def account_of(email):
    """The User of an e-mail; ends the command with a sentence where there is none."""
    from documents.people.users import User

    person = User.objects(email=email.strip().lower()).first()
    if person is None:
        raise click.ClickException(f"ไม่มีบัญชี {email} (no such account)")
    return person


def tell(slip):
    """Print a first password, which is stored nowhere."""
    click.echo(f"บัญชี {slip.email}\nรหัสผ่านแรก: {slip.password}  (ต้องเปลี่ยนเมื่อเข้าใช้ครั้งแรก)")


@manage.command("demo")
@click.option(
    "--schools", type=click.IntRange(min=FEWEST_SCHOOLS), default=230, show_default=True, help="จำนวนโรงเรียน"
)
@click.option("--students", type=click.IntRange(min=0), default=50_000, show_default=True, help="จำนวนนักเรียน")
@with_database
def load_demo(data, schools, students):
    """โหลดเขตสาธิตลงในฐานข้อมูลที่ยังว่าง"""
    from scripts import preparing

    preparing.migrate()
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
    from documents.trail import verifying

    found = 0
    for found, problem in enumerate(verifying.verify(area), start=1):  # noqa: B007 (the last number is the count)
        click.echo(problem)
    if found:
        raise click.ClickException(f"พบ {found:,} จุดที่ประวัติไม่ตรงกับข้อมูล ({found:,} problems found)")
    click.echo("ประวัติครบถ้วน ไม่พบการแก้ไข (the history is whole)")


# ---- backup, restore, migrations ----


A_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


def with_passphrase(command):
    """Give a command the option --passphrase-file."""
    help_ = "แฟ้มที่บรรทัดแรกเป็นรหัสผ่านของแฟ้มสำรอง (หรือกำหนด KHET_BACKUP_PASSPHRASE) ไม่ระบุแล้วจะถาม"
    return click.option("--passphrase-file", type=A_FILE, help=help_)(command)


@manage.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@with_passphrase
@click.option("--with-secrets", is_flag=True, help="รวมกุญแจของประวัติ (audit key) ไว้ในแฟ้มด้วย")
@with_database
def back_up(data, file, passphrase_file, with_secrets):
    """สำรองฐานข้อมูลทั้งหมด ณ เวลาเดียว ลงแฟ้มเข้ารหัสแฟ้มเดียว (ใช้งานระบบต่อได้ระหว่างสำรอง)"""
    from scripts import backups

    backups.back_up(file, backups.passphrase_of(passphrase_file, twice=True), with_secrets)


@manage.command("restore")
@click.argument("file", type=A_FILE)
@with_passphrase
@click.option("--audit-key", type=A_FILE, help="แฟ้มกุญแจของประวัติ (audit.key) ของระบบที่สำรองมา")
@click.option("--check", is_flag=True, help="ตรวจแฟ้มสำรองและแสดงสิ่งที่อยู่ในแฟ้มเท่านั้น ไม่กู้คืน")
@click.option("--keep-unproven", is_flag=True, help="เก็บข้อมูลที่กู้คืนไว้ แม้พิสูจน์รหัสตรวจสอบหรือประวัติไม่ได้")
@click.pass_context
def restore(context, file, passphrase_file, audit_key, check, keep_unproven):
    """กู้คืนแฟ้มสำรองลงในที่ว่าง แล้วพิสูจน์ว่าเป็นข้อมูลเดียวกัน; พิสูจน์ไม่ได้แล้วที่นั้นว่างเปล่าตามเดิม"""
    from scripts import backups

    try:
        with backups.opened(file, backups.passphrase_of(passphrase_file, twice=False)) as backup:
            if check:
                backups.tell_manifest(backup.manifest)
                return click.echo("แฟ้มสำรองสมบูรณ์ (the file is whole)")
            with database_of(context.obj, alone=True) as data:
                backups.restore(backup, data, audit_key, keep_unproven)
    except (CannotStart, RuleBroken) as reason:
        raise click.ClickException(str(reason)) from reason


# ---- packages ----


@manage.command("verify-package")
@click.argument("file", type=A_FILE)
@click.option("--key", type=A_FILE, help="แฟ้มกุญแจสาธารณะของเขต (PEM) ที่จะเชื่อถือ แทนกุญแจที่ระบบนี้รู้จัก")
@click.option("--against", type=A_FILE, help="เทียบเนื้อหากับอีกแพ็กเกจหนึ่ง ไม่ว่าบีบอัดด้วยอะไร")
@with_database
def verify_package(data, file, key, against):
    """ตรวจแพ็กเกจส่งกระทรวง บอกชื่อไฟล์ที่ถูกแก้ไข; จบด้วยสถานะ 1 เมื่อไม่ตรงหรือไม่ใช่กุญแจของเขต"""
    from scripts import sealed

    if not sealed.tell(file, key, against):
        raise click.ClickException("แพ็กเกจนี้ยังเชื่อถือไม่ได้ (the package is not proven)")


@manage.command("new-signing-key")
@click.argument("area")
@with_database
def new_signing_key(data, area):
    """สร้างกุญแจลงนามใหม่ของเขต เมื่อกุญแจเดิมหายหรือรั่วไหล; แพ็กเกจเก่ายังตรวจได้ด้วยกุญแจเดิม"""
    from documents.district.schools import Area
    from documents.trail import signing

    make_app()
    if not Area.objects(code=area).first():
        raise click.ClickException(f"ไม่มีเขต {area} (no such area)")
    made = signing.renew(area, OPERATOR, "scripts/manage new-signing-key")
    click.echo(f"สร้างกุญแจใหม่แล้ว ลายนิ้วมือ {made.short} ให้แจ้งผู้รับแพ็กเกจทางหนังสือ")


@manage.group("migrate")
def migrate():
    """การปรับรูปแบบข้อมูลเมื่อเปลี่ยนรุ่น; scripts/start ทำให้เองเมื่อเริ่ม"""


@migrate.command("status")
@with_database
def migrate_status(data):
    """รายการการปรับรูปแบบข้อมูล: ทำแล้วเมื่อใด ด้วยรุ่นใด หรือยังไม่ได้ทำ"""
    from documents.formats.buddhist import format_datetime
    from documents.migrations import runner

    for name, title, row in runner.status():
        done = "ยังไม่ได้ทำ"
        if row:
            done = f"{format_datetime(row['when'])} Khet {row['version']} {row['seconds']:.1f} s"
        click.echo(f"{name:<28} {done:<44} {title}")


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
