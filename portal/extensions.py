"""The extensions, bare: nothing is bound to an application here."""

from typing import TYPE_CHECKING

from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_rq import RQ
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import BigInteger, MetaData
from sqlalchemy.orm import DeclarativeBase, registry


class Model(DeclarativeBase):
    """Base of all models; constraint names are fixed so that migrations can name them."""

    registry = registry(
        type_annotation_map={int: BigInteger},
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_N_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )


db = SQLAlchemy(model_class=Model)
if TYPE_CHECKING:
    Base = Model  # what a type checker can see of db.Model: columns as constructor arguments
else:
    Base = db.Model
migrate = Migrate()
login_manager = LoginManager()
csrf = CSRFProtect()
rq = RQ()
limiter = Limiter(key_func=get_remote_address)
babel = Babel()
