"""How many runs at once, and where."""

import pytest

from tunebook.execute import slots as module
from tunebook.execute.slots import Place, listed_gpus, slots, visible_gpus


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with eight cores and no GPU."""
    monkeypatch.setattr(module, "usable_cores", lambda: tuple(range(8)))
    monkeypatch.setattr(module, "_present_gpus", tuple)
    monkeypatch.setattr("tunebook.execute.slots.sys.platform", "linux")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_cores_and_threads_decide_without_a_gpu() -> None:
    """Each run has cores of its own, and the line says why so many."""
    found = slots(threads=3, memory_gb=0.001)

    assert found.places == (Place(cores=(0, 1, 2)), Place(cores=(3, 4, 5)))
    assert found.reason.startswith("2 runs at once: 8 cores, 3 threads each, ")


def test_memory_limits_the_number() -> None:
    """A run that needs more than there is still happens, alone."""
    assert len(slots(memory_gb=1e9).places) == 1


def test_runs_without_cores_of_their_own_are_not_pinned() -> None:
    """More runs than cores share them."""
    found = slots(processes=9)

    assert {place.cores for place in found.places} == {()}
    assert found.reason == "9 runs at once: as asked, on 8 cores, 1 thread each"


def test_one_run_per_visible_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees its GPU alone, as the first, and has its share of the cores."""
    monkeypatch.setattr(module, "_present_gpus", lambda: ("0", "1"))

    found = slots()

    assert found.places == (Place("cuda:0", "0", (0, 1, 2, 3)), Place("cuda:0", "1", (4, 5, 6, 7)))
    assert found.reason == "2 runs at once: one per visible GPU (0, 1)"


def test_the_cpu_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `cpu` a GPU is left alone, and hidden from the run."""
    monkeypatch.setattr(module, "_present_gpus", lambda: ("0",))

    assert slots(processes=1, devices=("cpu",)).places == (Place("cpu", "", (0,)),)


@pytest.mark.parametrize(
    ("variable", "expected"),
    [("1", ("1",)), ("", ()), ("-1", ()), ("0,-1,1", ("0",)), ("GPU-aa, GPU-bb", ("GPU-aa", "GPU-bb"))],
)
def test_cuda_visible_devices_is_respected(
    monkeypatch: pytest.MonkeyPatch, variable: str, expected: tuple[str, ...]
) -> None:
    """What the variable hides is not used; the first invalid name ends the list, as in CUDA."""
    monkeypatch.setattr(module, "_present_gpus", lambda: ("0", "1"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)

    assert visible_gpus() == expected


def test_the_variable_makes_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a driver there is none, whatever the environment says."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")

    assert visible_gpus() == ()


def test_parts_of_a_divided_gpu_stand_for_it() -> None:
    """MIG parts are named by UUID, whole GPUs by number."""
    listing = (
        "GPU 0: NVIDIA A100 (UUID: GPU-aaa)\n"
        "  MIG 3g.20gb     Device  0: (UUID: MIG-bbb)\n"
        "  MIG 3g.20gb     Device  1: (UUID: MIG-ccc)\n"
        "GPU 1: NVIDIA A100 (UUID: GPU-ddd)\n"
    )

    assert listed_gpus(listing) == ("MIG-bbb", "MIG-ccc", "1")
