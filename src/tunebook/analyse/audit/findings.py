"""All findings of a study."""

from functools import partial

from tunebook.analyse.audit.baselines import not_above_baselines
from tunebook.analyse.audit.controls import not_reproduced
from tunebook.analyse.audit.coverage import not_run, one_seed_twice, uneven_replicates
from tunebook.analyse.audit.deciding import changed_rule, other_decision, outdated_decision
from tunebook.analyse.audit.finding import Finding
from tunebook.analyse.audit.gaps import inside_noise, no_spread
from tunebook.analyse.audit.leaking import in_two_splits
from tunebook.analyse.audit.parameters import without_effect_or_at_an_edge
from tunebook.analyse.audit.repeating import different_devices, not_repeatable
from tunebook.analyse.audit.scoring import chosen_on_reported, degenerate, items_missing, settings_on_reported
from tunebook.analyse.effects import EffectsOf, effects
from tunebook.analyse.progress import is_open
from tunebook.records import Table

OF_THE_BEST = ("T202", "T301", "T405")
"""Codes that speak of the best configuration, which is not known before the end."""


def not_yet(table: Table) -> tuple[str, ...]:
    """The codes that are not looked for, because runs are missing that a decision waits for."""
    return OF_THE_BEST if is_open(table) else ()


def findings(table: Table, *, effects_of: EffectsOf = effects) -> tuple[Finding, ...]:
    """All findings of a study, or of a foreign table (one that names no task), ordered by code.

    T502 is not among them: a table holds no bold cells. It is checked where a page is read. Nor is what is `not_yet`
    looked for.

    Args:
        effects_of: How the effects of parameters are found; whoever has them already hands them over.
    """
    checks = (
        not_run,
        uneven_replicates,
        one_seed_twice,
        partial(without_effect_or_at_an_edge, effects_of=effects_of),
        inside_noise,
        no_spread,
        chosen_on_reported,
        settings_on_reported,
        items_missing,
        degenerate,
        not_above_baselines,
        in_two_splits,
        other_decision,
        outdated_decision,
        changed_rule,
        not_reproduced,
        not_repeatable,
        different_devices,
    )
    later = not_yet(table)
    return tuple(found for check in checks for found in check(table) if found.code not in later)
