"""Study files of the toy task: a whole one, the shortest one, and one with six mistakes."""

DESIGN = """\
study: lora-scaling
question: Which LoRA rank and scale adapt the small model to phase-contrast cells?
task: toy
base:
  data: {root: usiigaci_phase}
  model: {weights: study:base}
  adapter: {method: lora, targets: [q, v]}
  optimizer: {lr: 1e-3}
  budget: {steps: 300}
space:
  adapter.alpha: [1, 2, 4, 8, 16, 32, 64]
  adapter.rank:  [1, 2, 4, 8, 16, 32, 64]
where:
  - 0.25 <= adapter.alpha / adapter.rank <= 8
replicates: {seed: 3}
search: grid
select: {metric: ais.msa, split: val, rule: one-standard-error, prefer: [trainable_parameters, adapter.rank]}
report: {metrics: [ais.msa, box.msa], splits: [test]}
"""
SHORT = """\
task: toy
base: {data: {root: cells}}
space: {rank: [4, 8]}
"""
SIX = """\
task: toy
qestion: Which rank?
base:
  data: {root: cells}
  optimizer: {lr: -1}
  adapter: {r: 4}
space:
  adapter.alpha: [1, two]
where:
  - alpha <
select: {metric: ais.mas}
"""
JUDGED = """\
task: toy
base: {data: {root: cells}}
space: {rank: [4, 8], alpha: [1, 2]}
select:
  rule: {lower-bound: 0.2}
  prefer: [trainable_parameters, rank, {adapter.alpha: high}]
  require: [box.msa >= 0.9, trainable_parameters <= 1e6, peak_memory_gb <= 8]
confirm: {top: 3, seeds: 5}
noise: {seeds: 4, repeats: 2}
"""
REFINED = """\
task: toy
base: {data: {root: cells}}
refine: {study: first, points: 2, only: [rank]}
"""
