"""QR codes, drawn here: what they hold goes to no foreign service."""

import base64
import io

import qrcode
from qrcode.image.svg import SvgPathFillImage


def as_image(text):
    """The address of a picture (SVG in a data: URL) of the QR code of a text, on white so that dark pages scan too."""
    code = qrcode.QRCode(box_size=10, border=3)
    code.add_data(text)
    out = io.BytesIO()
    code.make_image(image_factory=SvgPathFillImage).save(out)
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()
