"""What gunicorn serves."""

from admin_app import create_app
from admin_app.config import Settings

app = create_app(Settings.from_environment())
