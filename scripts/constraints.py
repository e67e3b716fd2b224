"""Print the pinned versions of everything that Tunebook and its development need.

The versions are those installed beside this interpreter; what is installed and not needed stays out.
"""

from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Requirement("tunebook[dev]")
WITHOUT_DEPENDENCIES = Requirement("python-elf")


def needed(root: Requirement) -> set[str]:
    """Names of all distributions that a requirement leads to on this platform, itself included."""
    seen: set[tuple[str, str]] = set()
    waiting = [root]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            found = map(Requirement, distribution(name).requires or ())
            waiting += [each for each in found if each.marker is None or each.marker.evaluate({"extra": extra})]
    return {name for name, _ in seen}


def pin(name: str) -> str:
    """`name==version`; a local version (`+cpu`) says how torch was built, not which, and is left out."""
    return f"{name}=={distribution(name).version.partition('+')[0]}"


def main() -> None:
    names = needed(ROOT) - {ROOT.name} | {WITHOUT_DEPENDENCIES.name}
    print("# Versions that are tested together, written by `make constraints`.")
    print("\n".join(pin(name) for name in sorted(names)))


if __name__ == "__main__":
    main()
