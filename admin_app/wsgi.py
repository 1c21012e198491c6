"""What gunicorn serves."""

from admin_app import create_app
from admin_app.config import Settings
from admin_app.steady import settle

app = create_app(Settings.from_environment())
settle()
