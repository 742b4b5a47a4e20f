"""Figures of the audit: where habits act, what they are worth, and how near neighbours stand."""

from lib.plots.audit.chain import protocol_chain
from lib.plots.audit.choices import luck_of_epochs, one_training
from lib.plots.audit.effects import effect_sizes
from lib.plots.audit.inputs import shown_inputs
from lib.plots.audit.neighbours import letter_neighbours, two_deals

__all__ = [
    "effect_sizes", "letter_neighbours", "luck_of_epochs", "one_training", "protocol_chain", "shown_inputs", "two_deals",
]  # fmt: skip
