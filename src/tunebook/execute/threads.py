"""The environment variables by which libraries are told how many threads to start."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def thread_variables(threads: int) -> dict[str, str]:
    """Variables of a process that is to have this many threads; libraries read them when they are imported."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))
