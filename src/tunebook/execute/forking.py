"""What the fork server imports last, so that it ends at once when its conductor does.

Taking down an interpreter that has imported torch takes a second or more. The server holds nothing that must be
written, so it leaves by `os._exit`. Imported anywhere else, this module does nothing.
"""

import atexit
import os
import sys

SERVER = "multiprocessing.forkserver"

if any(SERVER in word for word in sys.orig_argv):
    atexit.register(os._exit, 0)  # registered last, called first
