"""Signing in and out, and the Session behind the cookie."""

import pytest

from tests.web import with_password


def test_the_right_password_opens_the_home_page(client, teacher):
    with_password(teacher)
    answer = client.type_in("Teacher@example.org ", "สามคำ correct horse")
    assert answer.status_code == 302
    assert answer.location == "/admin/"
    assert client.get("/admin/").status_code == 200
