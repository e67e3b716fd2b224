"""What a person may have meant: near misses, and the names that other tools use."""

import difflib
from collections.abc import Collection, Iterable, Mapping

OTHER_TOOLS: Mapping[str, tuple[str, ...]] = {
    "adapter.method": ("peft", "peft_type", "peft_method", "adapter_type"),
    "adapter.rank": ("r", "lora_r", "lora_rank", "lora_dim"),
    "adapter.alpha": ("lora_alpha",),
    "adapter.dropout": ("lora_dropout",),
    "adapter.targets": ("target_modules", "update_matrices", "modules"),
    "adapter.blocks": ("layers_to_transform", "attention_layers_to_update", "layers"),
    "optimizer.name": ("optim", "opt", "optimizer_name", "optimizer_class"),
    "optimizer.lr": ("learning_rate", "lr0", "base_lr", "initial_lr", "max_lr", "eta"),
    "optimizer.weight_decay": ("wd", "decay", "l2"),
    "budget.epochs": ("n_epochs", "num_epochs", "num_train_epochs", "max_epochs", "nb_epochs"),
    "budget.steps": ("n_iterations", "iterations", "max_iter", "max_iters", "max_steps", "num_steps", "n_steps"),
    "batch_size": ("bs", "batch", "train_batch_size", "per_device_train_batch_size", "samples_per_gpu"),
    "schedule": ("lr_scheduler", "scheduler", "lr_scheduler_type", "lr_schedule"),
    "crop": ("patch_shape", "patch_size", "crop_size", "img_size", "image_size"),
    "model.weights": ("checkpoint", "checkpoint_path", "pretrained", "model_type", "model_name_or_path", "weights"),
    "model.size": ("model_size", "backbone", "arch"),
    "data.root": ("data_dir", "data_path", "root_dir", "data_root", "dataset", "input_path", "path"),
    "data.image_size": ("img_size", "imgsz", "image_size"),
    "prompts.objects": ("n_objects_per_batch", "n_objects"),
    "prompts.rounds": ("n_sub_iteration", "n_sub_iterations", "num_iterations"),
    "prompts.mask_probability": ("mask_prob",),
    "automatic.enabled": ("with_segmentation_decoder",),
    "head.hidden_units": ("hidden_size", "n_hidden", "hidden", "hidden_dim"),
    "head.dropout": ("dropout_rate", "p_dropout"),
    "loss.label_smoothing": ("smoothing", "label_smooth"),
    "loss.focal_gamma": ("gamma",),
    "loss.focal_alpha": ("class_alpha",),
    "loss.pos_weight": ("positive_weight", "class_weight"),
    # Keys of a study file
    "study": ("name", "experiment", "title", "id"),
    "question": ("description", "purpose", "goal", "hypothesis"),
    "task": ("workload", "program", "trainer"),
    "base": ("config", "fixed", "defaults", "parameters_fixed"),
    "space": ("parameters", "search_space", "params", "param_grid", "sweep", "hyperparameters"),
    "where": ("constraints", "constraint", "conditions", "filter"),
    "across": ("cases", "datasets", "conditions"),
    "replicates": ("seeds", "repeats", "n_seeds", "repetitions"),
    "search": ("sampler", "method", "algorithm", "strategy"),
    "select": ("metric", "objective", "monitor", "selection"),
    "report": ("metrics", "splits", "output"),
    "limit": ("budget", "max_time", "timeout", "n_trials"),
    "low": ("min", "start", "from"),
    "high": ("max", "stop", "end"),
    "points": ("n", "num", "count", "q"),
    "one_of": ("choice", "oneof", "alternatives", "either"),
}


def meant(name: str, known: Collection[str], *, other_tools: bool = True) -> tuple[str, ...]:
    """The known names that someone who wrote `name` may have meant, likeliest first; empty when none is near.

    Args:
        name: What was written; its last part counts when it is dotted.
        known: The names that exist.
    """
    lower = name.lower().replace("-", "_")
    last = lower.rsplit(".", 1)[-1]
    found: list[str] = []
    if other_tools:
        found += [path for path, names in OTHER_TOOLS.items() if path in known and {lower, last} & set(names)]
    found += [path for path in known if path.lower().rsplit(".", 1)[-1] == last]
    found += difflib.get_close_matches(lower, sorted(known), n=2, cutoff=0.8)
    for path in difflib.get_close_matches(last, sorted({path.rsplit(".", 1)[-1] for path in known}), n=2, cutoff=0.7):
        found += [whole for whole in known if whole.rsplit(".", 1)[-1] == path]
    return tuple(dict.fromkeys(entry for entry in found if entry != name))[:3]


def suggestion(name: str, known: Collection[str], *, also: str = "") -> str:
    """`did you mean adapter.rank?`; `also` when nothing is near."""
    found = meant(name, known)
    return f"did you mean {' or '.join(found)}?" if found else also


def listed(names: Iterable[str], *, most: int = 12) -> str:
    """Names for a message: `a, b, c`, cut when there are many."""
    every = list(names)
    return ", ".join(every[:most]) + (f", … ({len(every)} in all)" if len(every) > most else "")


def shortest(paths: Collection[str]) -> dict[str, str]:
    """Path -> its shortest ending that no other of these paths has."""
    return {path: _shortest(path, paths) for path in paths}


def _shortest(path: str, paths: Collection[str]) -> str:
    parts = path.split(".")
    for count in range(1, len(parts) + 1):
        ending = ".".join(parts[-count:])
        if sum(1 for other in paths if other == ending or other.endswith(f".{ending}")) == 1:
            return ending
    return path
