"""The WSGI application that gunicorn and the `flask` command load."""

import gc
import warnings

from authlib.deprecate import AuthlibDeprecationWarning

# A library's news for developers: nothing that an operator can act on.
warnings.simplefilter("ignore", AuthlibDeprecationWarning)
# Nothing that importing makes is garbage: looking for it costs a fifth of the start, and, frozen,
# the collector of no worker copies the pages that all of them share.
gc.disable()

from portal.factory import create_app  # noqa: E402

app = create_app()
gc.enable()
gc.freeze()
