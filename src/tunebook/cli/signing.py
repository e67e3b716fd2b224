"""Whose word it is: who decides, who notes."""


def user() -> str:
    """Who is logged in.

    Raises:
        InputError: when the machine does not know.
    """
    import getpass

    from tunebook.errors import InputError, Problem

    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        raise InputError(
            Problem("by", "must be said: this machine does not know who is logged in", '--by "NAME"')
        ) from None
