"""Write the decided weights of a book's study as a file that ships with the package.

    python scripts/ship.py examples/base base tunebook-small

Adapters are merged into the base, numbers are stored as 16-bit floats. Prints size and sha256.
"""

import argparse
from pathlib import Path

import torch

from tunebook.book import Book
from tunebook.folders import RunFolder
from tunebook.runs import middle
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.description import SHIPPED
from tunebook.tasks.promptable_segmentation.starting import trained_model
from tunebook.train import adapters, checkpoints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("book", type=Path)
    parser.add_argument("study")
    parser.add_argument("name")
    options = parser.parse_args()
    book = Book.load(options.book)
    with book.ledger() as ledger:
        decision = ledger.decision(options.study)
        if decision is None:
            parser.error(f"{options.study} has no decision yet: tunebook run {options.book}")
        identity = middle(decision, ledger)
        length = next(entry.length for entry in ledger.planned(options.study) if entry.run == identity)
    folder = RunFolder(book.path / "runs" / identity, length)
    run = folder.read_run()
    config = Config.model_validate(run.configuration.values)
    model = trained_model(config, book=book.path, seed=run.replicate["seed"], checkpoint=folder.checkpoint)
    adapters.merge(model)
    tensors = {name: tensor.to(torch.float16) for name, tensor in model.state_dict().items()}
    path = SHIPPED / f"{options.name}.safetensors"
    metadata = {"run": identity, "task": run.task, "version": run.version, "size": config.model.size}
    checkpoints.save(path, tensors, metadata)
    print(f"{path}: {path.stat().st_size:,} bytes, sha256 {checkpoints.sha256(path)}")


if __name__ == "__main__":
    main()
