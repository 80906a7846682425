"""How people come in, for the administrator: sessions that end."""

from flask_babel import gettext as _

from portal.auth import service as accounts
from portal.db import transaction
from portal.directory.admin_blueprint import Answer, blueprint, done, editor


@blueprint.post("/users/<int:user_id>/end-sessions")
def end_sessions(user_id: int) -> Answer:
    """Signs somebody out everywhere; noted among the changes of the account."""
    person = accounts.get_user(user_id)
    with transaction():
        accounts.end_sessions(editor(), person.id)
    return done(_("此人在所有设备上的登录已退出。"), "admin.user", user_id=user_id)
