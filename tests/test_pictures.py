"""Pictures: taken in by their content, made anew, shown to whoever may see the school, and tidied away."""

import io
import random
import threading
import zlib
from datetime import timedelta

import pytest
from PIL import Image

from admin_app import security
from documents.bobec.buildings import Building
from documents.clock import real_now
from documents.database import collection, db
from documents.errors import Invalid
from documents.records import pictures
from documents.records.pictures import PictureChunk, PictureFile, made_anew, tidy
from documents.records.writing import Change, write
from tests.people import AREA, OTHER, SCHOOL, opened_like, place
from tests.test_buildings import BLOCK
from tests.test_record_view import form_of
from tests.test_subsystems import inputs_of

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NEW = "/admin/buildings/new/"
TYPED = {
    "building_type": "01", "seq_no": "7", "name": "อาคารที่พิมพ์ไว้", "design": "0101", "rooms_design": "8", "rooms_actual": "8",
    "built_year": "2545", "condition": "fair", "use_status": "used",
}  # fmt: skip


@pytest.fixture
def building_round(open_round, officer, executive, approver):
    return opened_like(open_round, "B-OBEC", officer, executive, approver)


def photo(size=(640, 480), kind="JPEG", mode="RGB", colour="teal", exif=False, **more):
    """The bytes of a picture; with `exif` as a telephone held sideways writes it, its place included."""
    picture = Image.new(mode, size, colour)
    if exif:
        tags = Image.Exif()
        tags[ORIENTATION], tags[MAKER] = 6, "SecretMaker"
        tags.get_ifd(GPS).update({1: "N", 2: (15.0, 14.0, 38.4), 3: "E", 4: (104.0, 50.0, 52.8)})
        more["exif"] = tags.tobytes()
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def files():
    return collection(PictureFile).count_documents({})


def stored_bytes():
    """Every byte that is kept of pictures."""
    return b"".join(row["data"] for row in db()["pictures.chunks"].find().sort([("files_id", 1), ("n", 1)]))


def upload(content, name="photo.jpg", field="photo_front"):
    return {field: (io.BytesIO(content), name)}


def send(browser, path, typed, *files_):
    """Post a whole form with its files, as a browser does."""
    page = browser.get(path)
    values = form_of(page.text) | typed
    for each in files_:
        for field, file in each.items():
            values[field] = [values[field], file] if values.get(field) else file
    return browser.send(path, values, content_type="multipart/form-data")


# ---- what is taken in ----


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ไม่ใช่ภาพ"),
        (b"this is a text that calls itself a picture", "ไม่ใช่ภาพ"),
        (SVG, "ไม่ใช่ภาพ"),
        (b"\xff\xd8\xff\xe0" + b"<script>alert(1)</script>" * 20, "ไม่ใช่ภาพ"),
        (b"GIF89a" + b"\0" * 60, "ไม่ใช่ภาพ"),
        (photo(kind="GIF", mode="P", colour=1), "ไม่ใช่ภาพ"),
        (photo(kind="BMP"), "ไม่ใช่ภาพ"),
        (photo()[:900], "ไม่ใช่ภาพ"),
        (photo(kind="PNG")[:-40], "ไม่ใช่ภาพ"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
        (b"\xff" * (15 * 2**20 + 1), "15 MB"),
    ],
)  # fmt: skip
def test_whatever_is_no_picture_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(pictures.NotTaken, match=sentence):
        made_anew(content)


@pytest.mark.parametrize(
    ("size", "kind"), [((20_000, 20_000), "PNG"), ((8_000, 7_000), "PNG"), ((20_000, 20_000), "JPEG")]
)
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size, kind, monkeypatch):
    small = photo((8, 8), kind)
    if kind == "PNG":
        content = small[:16] + size[0].to_bytes(4) + size[1].to_bytes(4) + small[24:]
        head = content[12:29]
        content = content[:29] + zlib.crc32(head).to_bytes(4) + content[33:]
    else:
        at = small.index(b"\xff\xc0") + 5
        content = small[:at] + size[1].to_bytes(2) + size[0].to_bytes(2) + small[at + 4 :]
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(pictures.NotTaken, match="ใหญ่เกินไป"):
        made_anew(content)


@pytest.mark.parametrize(
    ("kind", "mode", "colour"),
    [("JPEG", "RGB", "teal"), ("JPEG", "L", 90), ("JPEG", "CMYK", (10, 20, 30, 40)), ("PNG", "RGBA", (0, 0, 0, 0)),
     ("PNG", "P", 3), ("PNG", "1", 1), ("PNG", "LA", (9, 0)), ("PNG", "I;16", 40_000), ("WEBP", "RGBA", (9, 9, 9, 128)), ("WEBP", "RGB", "red")],
)  # fmt: skip
def test_every_picture_becomes_a_jpeg_of_its_own_size_or_smaller(kind, mode, colour):
    drawn = made_anew(photo((2400, 1200), kind, mode, colour))
    large, thumb = (Image.open(io.BytesIO(each)) for each in (drawn.large, drawn.thumb))
    assert (large.format, large.mode, large.size, thumb.size) == ("JPEG", "RGB", (1600, 800), (320, 160))
    assert (drawn.width, drawn.height) == (1600, 800)
    if mode in ("RGBA", "LA") and colour[-1] == 0:
        assert large.getpixel((5, 5)) == (255, 255, 255), "what is seen through stands on white"
    assert made_anew(photo((30, 20), kind, mode, colour)).width == 30


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_damaged_picture_never_fails_otherwise(times):
    rng = random.Random(4)  # noqa: S311
    whole = [photo((64, 64), kind) for kind in ("JPEG", "PNG", "WEBP")] + [photo((64, 64), exif=True)]
    for _ in range(times(400, 4000)):
        content = bytearray(rng.choice(whole))
        for _ in range(rng.randint(1, 12)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        try:
            made_anew(bytes(content))
        except pictures.NotTaken:
            continue


def test_place_maker_and_the_way_the_camera_was_held_are_not_kept(teacher):
    original = photo((800, 600), exif=True)
    assert b"SecretMaker" in original
    id_ = pictures.store(io.BytesIO(original), AREA, SCHOOL)
    kept = stored_bytes()
    assert b"SecretMaker" not in kept
    assert b"Exif" not in kept
    assert original[:400] not in kept
    large = Image.open(io.BytesIO(pictures.find(teacher, id_).read()))
    assert large.size == (600, 800), "turned upright"
    assert not large.getexif()
    assert large.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_pictures_are_decoded_one_at_a_time(monkeypatch):
    at_once, most = [], []
    drawn = pictures._drawn

    def watched(picture):
        at_once.append(1)
        most.append(len(at_once))
        try:
            return drawn(picture)
        finally:
            at_once.pop()

    monkeypatch.setattr(pictures, "_drawn", watched)
    threads = [threading.Thread(target=made_anew, args=(photo((900, 900)),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 4)


# ---- in the form ----


def test_a_form_brings_its_pictures_and_history_tells_of_them(sign_in, teacher, building_round):
    browser = sign_in(teacher)
    front, back = upload(photo(exif=True)), upload(photo(colour="red"), "รูป ๒.PNG", "photo_back")
    assert send(browser, NEW, TYPED, front, back).status_code == 302
    stored = collection(Building).find_one()
    assert stored["name"] == TYPED["name"]
    assert stored["photo_front"] != stored["photo_back"]
    about = collection(PictureFile).find_one({"_id": stored["photo_front"]})["metadata"]
    assert (about["area_code"], about["school_code"], about["lineage"]) == (AREA, SCHOOL, stored["lineage"])
    assert "unused_since" not in about
    edit = f"/admin/buildings/edit/?id={stored['_id']}"
    page = browser.get(edit).text
    assert 'accept="image/jpeg,image/png,image/webp"' in page
    assert f"id={stored['photo_front']}&amp;size=thumb" in page
    assert {"photo_front", "photo_right"} <= set(inputs_of(page))
    assert send(browser, edit, {}, upload(photo(colour="navy"))).status_code == 302
    changed = collection(Building).find_one()
    assert (changed["revision"], changed["photo_back"]) == (2, stored["photo_back"])
    assert changed["photo_front"] != stored["photo_front"]
    assert send(browser, edit, {"photo_back": "-"}).status_code == 302
    gone = collection(Building).find_one()
    assert "photo_back" not in gone
    assert gone["photo_front"] == changed["photo_front"]
    told = browser.get(f"/admin/buildings/history/?id={stored['_id']}").text
    assert told.index("ภาพด้านหลัง") < told.index("ภาพด้านหน้า")
    assert "ภาพเดิม" in told
    assert "ภาพใหม่" in told
    assert f"id={gone['photo_front']}&amp;size=thumb" in browser.get("/admin/buildings/").text
    assert f"id={gone['photo_front']}" in browser.get(f"/admin/buildings/details/?id={stored['_id']}").text
    csv = browser.get("/admin/buildings/export/csv/").text
    assert f"/admin/pictures/?id={gone['photo_front']}" in csv
    sheet = browser.get(f"/admin/buildings/sheet/?id={stored['_id']}").text
    assert f'<img src="/admin/pictures/?id={gone["photo_front"]}' in sheet
    assert "ผู้อำนวยการโรงเรียน" in sheet
    assert "ข้อมูลส่วนบุคคล" not in sheet[sheet.index("<article") :], "a building is nobody"
    paper = browser.get(f"/admin/buildings/sheet/pdf/?id={stored['_id']}").data
    assert paper.count(b"/Subtype /Image") == 1


@pytest.mark.parametrize(("content", "name"), [(SVG, "plan.svg"), (b"not a picture", "photo.jpg")])
def test_a_refused_picture_leaves_what_was_typed_and_the_pictures_that_were_good(
    content, name, sign_in, teacher, building_round
):
    browser = sign_in(teacher)
    answer = send(browser, NEW, TYPED, upload(content, name), upload(photo(), field="photo_left"))
    assert answer.status_code == 422
    assert "ไม่ใช่ภาพที่เปิดได้" in answer.text
    assert TYPED.items() <= form_of(answer.text).items()
    assert collection(Building).count_documents({}) == 0
    kept = form_of(answer.text)["photo_left"]
    assert pictures.find(teacher, kept), "it need not be chosen again"
    assert send_values(browser, NEW, form_of(answer.text)).status_code == 302
    assert collection(Building).find_one()["photo_left"] == kept


def send_values(browser, path, values):
    return browser.send(path, values, content_type="multipart/form-data")


def test_four_large_photographs_come_in_one_form_and_a_fifth_of_no_size_does_not(
    sign_in, teacher, building_round
):
    browser = sign_in(teacher)
    heavy = photo((2200, 1700), "PNG", compress_level=0)
    assert 10 * 2**20 < len(heavy) < 15 * 2**20
    names = ("photo_front", "photo_back", "photo_left", "photo_right")
    assert send(browser, NEW, TYPED, *(upload(heavy, field=name) for name in names)).status_code == 302
    assert files() == 8
    too_much = browser.send(
        "/admin/students/new/",
        upload(b"x" * (security.LARGEST_UPLOAD + 1000)),
        content_type="multipart/form-data",
    )
    assert too_much.status_code == 413


def test_a_stranger_to_the_school_stores_no_picture(sign_in, neighbour, director, building_round):
    for who in (neighbour, director):
        answer = sign_in(who).send(
            f"{NEW}?school={SCHOOL}", TYPED | upload(photo()), content_type="multipart/form-data"
        )
        assert answer.status_code in (302, 403, 404, 422)
    assert files() == 0


# ---- who sees one ----


def test_a_picture_is_shown_to_whoever_may_see_its_school(
    sign_in, teacher, director, officer, executive, neighbour, client
):
    id_ = pictures.store(io.BytesIO(photo()), AREA, SCHOOL)
    for path in (f"/admin/pictures/?id={id_}", f"/admin/pictures/?id={id_}&size=thumb"):
        for who in (teacher, director, officer, executive):
            answer = sign_in(who).get(path)
            assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
            assert answer.headers["Cache-Control"] == "private, max-age=600"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            again = sign_in(who).get(path, headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")
            assert again.headers["ETag"] == answer.headers["ETag"]
        for headers in ({}, {"If-None-Match": answer.headers["ETag"]}):
            assert sign_in(neighbour).get(path, headers=headers).status_code == 404
            assert client.get(path, headers=headers).status_code in (302, 401, 403)
    for other in ("", "x", id_[:-1], f"{id_}.thumb", "0" * 24, id_.upper()):
        assert sign_in(teacher).get(f"/admin/pictures/?id={other}").status_code == 404


def test_no_record_takes_the_picture_of_another_school(sign_in, teacher, neighbour, building_round):
    theirs = pictures.store(io.BytesIO(photo()), AREA, OTHER)
    for id_ in (theirs, "0" * 24, "x", "../../etc"):
        with pytest.raises(Invalid) as refused:
            write([Change(Building, place(), BLOCK | {"photo_front": id_})], teacher)
        assert set(refused.value.errors[0]) == {"photo_front"}
    answer = sign_in(teacher).send(NEW, TYPED | {"photo_front": theirs}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert collection(Building).count_documents({}) == 0
    about = collection(PictureFile).find_one({"_id": theirs})["metadata"]
    assert "lineage" not in about


# ---- what nothing holds ----


def test_what_nothing_holds_any_more_goes_after_a_month(teacher, building_round):
    kept, replaced, never = (pictures.store(io.BytesIO(photo()), AREA, SCHOOL) for _ in range(3))
    ((id_, revision),) = write(
        [Change(Building, place(), BLOCK | {"photo_front": replaced, "photo_left": kept})], teacher
    )
    write([Change(Building, place(), {"photo_front": None}, id_, revision)], teacher)
    assert tidy(AREA) == 0
    ago(pictures.KEPT_UNUSED - timedelta(hours=1))
    assert tidy(AREA) == 0
    ago(pictures.KEPT_UNUSED + timedelta(hours=1))
    write(
        [Change(Building, place(), {"photo_back": replaced}, id_, revision + 1)], teacher
    )  # it was put back
    assert tidy(AREA) == 1
    assert pictures.find(teacher, never) is None
    assert pictures.find(teacher, kept)
    assert pictures.find(teacher, replaced)
    assert (files(), collection(PictureChunk).count_documents({})) == (4, 4)


def ago(since):
    """Make whatever is unused so for this long."""
    unused = {"metadata.unused_since": {"$exists": True}}
    collection(PictureFile).update_many(unused, {"$set": {"metadata.unused_since": real_now() - since}})
