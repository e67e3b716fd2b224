"""What the fork server imports so that no run needs to, each by itself: what fails is left to the run that needs it.

The names come in an environment variable, which the runs do not see. Imported anywhere but in a fork server, this
module does nothing.
"""

import importlib
import os
import sys
from contextlib import suppress

from tunebook.execute.forking import SERVER

VARIABLE = "TUNEBOOK_PRELOAD"

if any(SERVER in word for word in sys.orig_argv):
    for _module in os.environ.pop(VARIABLE, "").split():
        with suppress(Exception):
            importlib.import_module(_module)
