# SPDX-License-Identifier: MIT
"""The runs of a claim with numbers: to be compared with those of a changed program."""

from inputs import inputs_of
from solver import Undecided
from trial import Domain, Trial, failure_of, outcome_of


class Runs:
    """What each run of the program as it is has been through, and how it has ended."""

    def __init__(self, program, claim, of_paths):
        self.program, self.claim = program, claim
        self.runs, blocks = [], {}
        for inputs in inputs_of(Domain(claim), of_paths):
            trial = Trial(program, inputs, blocks)
            outcome = outcome_of(trial.run(), inputs)
            self.runs.append((inputs, outcome, set().union(*trial.trail.values())))

    def failure(self, places):
        """What fails in a run over one of those instructions now; None if nothing does."""
        blocks = {}
        for inputs, outcome, instructions in self.runs:
            if places.isdisjoint(instructions):
                continue
            try:
                path = Trial(self.program, inputs, blocks).run()
            except (NotImplementedError, Undecided):
                continue
            # The claim has been proved of the same outcome.
            if outcome_of(path, inputs) != outcome:
                failure = failure_of(self.claim, path, inputs)
                if failure is not None:
                    return failure
        return None
