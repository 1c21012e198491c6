"""Areas: made by the operator, with the office as a unit of its own, and never twice."""

import pytest

from documents.district.areas import create_area
from documents.district.schools import Area, School
from documents.errors import Invalid, NotAllowed
from documents.people.users import System, User
from documents.trail import verifying
from scripts.preparing import first_commands
from tests.test_manage import manage as manage  # runs scripts/manage

OPERATOR = System("ผู้ดูแลเครื่อง")


def test_an_area_comes_with_its_office_and_their_first_events(manage):
    assert first_commands() == ["create-area", "create-admin"]
    told = manage(
        "create-area", "--code", "86010000", "--name", "สำนักงานเขตตัวอย่าง", "--short-name", "สพป. ตัวอย่าง"
    )
    assert "create-admin --area 86010000" in told.stdout, told.stderr
    assert first_commands() == ["create-admin"]
    assert Area.objects.get(code="86010000").province == "86"
    assert School.objects.get(area_code="86010000").kind == "office"
    assert not list(verifying.verify())
    manage("create-admin", "--email", "head@example.org", "--name", "ผู้ดูแล หนึ่ง")
    assert User.objects.get(email="head@example.org").areas("admin") == ["86010000"]
    again = manage("create-area", "--code", "86010000", "--name", "ซ้ำ")
    assert again.returncode == 1
    assert "อยู่แล้ว" in again.stderr


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "8601"}, "code"),
        ({"code": "86010001"}, "code"),
        ({"name": " "}, "name"),
        ({"code": "00010000"}, "province"),
        ({"code": "101726", "province": ""}, "name"),
        ({"province": "99"}, "province"),
    ],
)
def test_what_is_no_area_is_refused_by_field_and_nothing_is_stored(given, field):
    values = {"code": "86010000", "name": "" if field == "name" else "เขต", **given}
    with pytest.raises(Invalid) as refused:
        create_area(OPERATOR, **values)
    assert field in refused.value.errors[0]
    assert not Area.objects(code=values["code"]).first()


def test_only_the_operator_makes_areas(administrator, officer):
    for person in (administrator, officer):
        with pytest.raises(NotAllowed):
            create_area(person, "86010000", "เขต")
