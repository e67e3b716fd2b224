"""Which parameters matter where a space is no grid."""

import math

import numpy as np
from crossed_studies import crossed, judged


def random_search(configurations: int, *, seed: int, effect: float = 1.0, **also):
    """lr on a log scale matters, decay does not, `kind` a little."""
    draw = np.random.default_rng(seed)
    points = [
        {"lr": 10 ** draw.uniform(-5, -2), "decay": draw.uniform(0, 0.1), "kind": str(draw.choice(["a", "b"]))}
        for _ in range(configurations)
    ]
    noise = np.random.default_rng([seed, 1])

    def score(point, case, replicate):
        shape = -((math.log10(point["lr"]) + 3.5) ** 2) / 4 + 0.1 * (point["kind"] == "a")
        return effect * shape + 0.3 * replicate + float(noise.normal(0, 0.05))

    return crossed(points, score, **also)


def test_the_parameter_that_matters_has_the_largest_share():
    """Levels and F are absent, and the reason says how far the forest can be trusted."""
    found = judged(random_search(40, seed=0, seeds=2))
    shares = dict(found.importance)

    assert next(iter(shares)) == "lr"
    assert shares["lr"] > 0.6 > 10 * shares["decay"]
    assert sum(shares.values()) <= 1
    assert (found.main, found.interactions) == ((), ())
    assert found.reason.startswith(
        "The space is no grid: most configurations have a value of their own of lr and decay."
    )
    assert "of the variance between configurations that it has not seen" in found.reason


def test_shares_are_means_over_the_scale_on_which_values_lie_evenly():
    """A step in the middle of a logarithmic range counts as much as one in the middle of a linear range."""
    draw = np.random.default_rng(0)
    points = [{"lr": 10 ** draw.uniform(-5, -1), "decay": draw.uniform(0, 0.1)} for _ in range(60)]
    table = crossed(points, lambda point, case, seed: float(point["lr"] > 1e-3) + float(point["decay"] > 0.05))
    shares = dict(judged(table).importance)

    assert 0.35 < shares["lr"] < 0.65
    assert 0.35 < shares["decay"] < 0.65


def test_shares_of_noise_are_not_shown():
    """A forest divides noise among the parameters too; one that foresees nothing is not asked."""
    found = judged(random_search(30, seed=1, effect=0.0))

    assert found.importance is None
    assert "A random forest foresees nothing" in found.reason


def test_few_configurations_are_no_forest():
    """Below twenty configurations a space of free numbers has neither levels nor a forest."""
    found = judged(random_search(12, seed=0))

    assert (found.main, found.importance) == ((), None)
    assert "needs 20 configurations" in found.reason


def test_importance_is_the_same_twice():
    """Forests are grown from seeds made of names."""
    table = random_search(20, seed=3)

    assert judged(table).importance == judged(table).importance


def test_blocks_do_not_pass_for_parameters():
    """Configurations of which one seed is lost are compared as if it were not."""
    whole = random_search(30, seed=0, seeds=2)
    at = iter(range(10_000))
    lossy = crossed(
        [row.parameters for row in whole.rows],
        lambda point, case, seed: None if next(at) % 3 == 0 else 100 * seed - (math.log10(point["lr"]) + 3.5) ** 2,
        seeds=2,
    )

    assert dict(judged(lossy).importance)["lr"] > 0.8
