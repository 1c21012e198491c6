"""Links in files: whole addresses, since a workbook is opened anywhere. The product's own front is told at the start."""

_front = ""


def configure(public_url):
    """Tell under which address people reach the product."""
    global _front
    _front = public_url.rstrip("/")


def picture(id_):
    """The address of a picture, which opens for whoever may see its school; None without one."""
    return f"{_front}/admin/pictures/?id={id_}" if id_ else None


def page(path):
    """The whole address of a page of ours."""
    return f"{_front}{path}"
