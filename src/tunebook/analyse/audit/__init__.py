"""The audit: what a reader of a study must be warned of."""

from tunebook.analyse.audit.codes import CODES, Code
from tunebook.analyse.audit.controls import ControlResult, controls
from tunebook.analyse.audit.finding import Finding
from tunebook.analyse.audit.findings import findings, not_yet

__all__ = ["CODES", "Code", "ControlResult", "Finding", "controls", "findings", "not_yet"]
