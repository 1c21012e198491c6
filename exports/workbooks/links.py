"""Links in files: whole addresses, since a workbook is opened anywhere. The product's own front is told at the start."""

from documents.records.kinds import is_survey

_front = ""


def configure(public_url):
    """Tell under which address people reach the product."""
    global _front
    _front = public_url.rstrip("/")


def picture(id_):
    """The address of a picture, which opens for whoever may see its school; None without one."""
    return f"{_front}/admin/pictures/?id={id_}" if id_ else None


def record_file(slug, id_, name):
    """The address of the file that a field of a record holds, which opens for whoever may see that field."""
    return f"{_front}{front(slug)}file/?id={id_}&name={name}"


def front(slug):
    """The path of a kind of record; of a survey, which has none of its own, under that of all surveys."""
    return f"/admin/surveys/{slug.partition('-')[2]}/" if is_survey(slug) else f"/admin/{slug}/"


def page(path):
    """The whole address of a page of ours."""
    return f"{_front}{path}"
