"""CPU seconds of one training step of promptable segmentation, by size and method.

    python benchmarks/steps.py                     small, five steps after a warm-up, medians
    python benchmarks/steps.py --size vit_b --batch 1 --steps 1 --warmup 0

One thread. A step is what a run does: one forward of the encoder, the prompt rounds, the automatic decoder, the
backward pass of the summed losses and the optimizer's step. Processor time of the process, not wall time, because
machines are shared; compare ratios.
"""

import argparse
import resource
import statistics
import time

import numpy as np
import torch

from tunebook import simulate
from tunebook.images.pixels import normalise
from tunebook.tasks.promptable_segmentation.batches import Sample
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.sam import SIZES, build
from tunebook.tasks.promptable_segmentation.training import train
from tunebook.train import adapters
from tunebook.train.seeding import generator

METHODS: dict[str, adapters.Method] = {
    "full": adapters.Full(),
    "lora": adapters.Lora(rank=4, alpha=4.0, scaling="alpha/rank"),
    "frozen": adapters.Frozen(),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--objects", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)

    size = SIZES[options.size].image_size
    print(
        f"{options.size}, {options.batch} images of {size} px, {options.objects} objects each, "
        f"{options.rounds} rounds, 1 thread"
    )
    print("| method | trained parameters | CPU s / step (median) | peak MB |")
    print("|---|---|---|---|")
    for name in options.methods:
        seconds, trained = measure(METHODS[name], size=size, options=options)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {name} | {trained:,} | {statistics.median(seconds):.2f} | {peak:.0f} |", flush=True)


def measure(method: adapters.Method, *, size: int, options: argparse.Namespace) -> tuple[list[float], int]:
    """CPU seconds of each counted step, and the number of trained parameters."""
    config = Config.model_validate(
        {
            "data": {"root": "simulated"},
            "batch_size": options.batch,
            "prompts": {"objects": options.objects, "rounds": options.rounds},
        }
    )
    samples = []
    for number in range(options.batch):
        image, label = simulate.image("fluorescence", size=size, rng=np.random.default_rng(number))
        samples.append(Sample(normalise(image, "percentile"), label.astype(np.int32)))
    model = build(SIZES[options.size], generator=generator(0, "initialisation"), automatic=True)
    adapters.apply(model, method, generator=generator(0, "adapter"))
    seconds, before = [], time.process_time()
    steps = options.warmup + options.steps
    for _ in train(model, samples, config, seed=0, steps=steps, total=config.budget.steps, device="cpu"):
        seconds.append(time.process_time() - before)
        before = time.process_time()
    return seconds[options.warmup :], adapters.count(model)


if __name__ == "__main__":
    main()
