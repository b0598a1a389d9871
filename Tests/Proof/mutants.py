# SPDX-License-Identifier: MIT
"""The mutants of Tests/Mutation: whether a claim is refuted for each, first by runs with numbers, then by the
solver."""

import hashlib
import pickle
import sys

from collections import Counter
from time import process_time

import proof
from machine import Machine
from runs import Runs
from solver import Undecided
from trial import Domain

# So many seconds a claim may take to be searched for paths, if they have not been all before.
SEARCH_SECONDS = 60
# Claims whose paths are found within so many are tried first, in full.
QUICK_SECONDS = 20
# A mutant gets the seconds of so many claims then.
MUTANT_CLAIMS = 3


class Mutant:
    """A line of the list that scripts/prove makes: its number, the number that the code compares with, the source,
    the change, and why nothing can fail for it, if it is so for every program."""

    def __init__(self, line):
        number, code, self.source, self.change, reason = line.rstrip('\n').split('\t')
        self.number, self.code = int(number), int(code)
        # What is argued, if anything is: for all that there is, or within what the claims are made for.
        self.argument = f'equal: {reason}' if reason else None
        self.text = f'{self.source}: {self.change}'

    def __str__(self):
        return f'{self.number} {self.text}:'


def read(path, arguments):
    """The mutants of a list.  Where a source has the same change at several places, the text says at which.
    `arguments` is a file that has a line for each reason why mutants change nothing within what the claims are made
    for, and below it a line for each of these, indented."""
    with open(path) as file:
        every = [Mutant(line) for line in file]
    count_of_text = Counter()
    for mutant in every:
        text = mutant.text
        count_of_text[text] += 1
        if count_of_text[text] > 1:
            mutant.text = f'{text} ({count_of_text[text]})'
    named, reason = {mutant.text: mutant for mutant in every}, None
    with open(arguments) as file:
        for line in file.read().splitlines():
            if not line.startswith('  '):
                reason = line
            elif (mutant := named.get(line[2:])) is None or mutant.argument:
                sys.exit(f'prove: error: {arguments} names no such mutant, or one that is argued already: {line[2:]}')
            else:
                mutant.argument = f'equal here: {reason}'
    return every


def of_proved_sources(every, paths):
    """Those of sources with a function that some claim runs through."""
    codes = set().union(*(known.places for known in paths.values()))
    sources = {mutant.source for mutant in every if mutant.code in codes}
    return [mutant for mutant in every if mutant.source in sources]


def switch(programs, code):
    """Switches the mutant with that code on, or none for 0."""
    for program in programs.values():
        program.set_variable('bootmem_mutant_number', code)


class Paths:
    """What is known of a claim without a mutant: numbers for each path, whether these are all paths, the
    instructions by the ways gone to there, where in the code each mutant is asked for, and how long it took."""

    def __init__(self, program, claim, is_proved):
        started = process_time()
        machine = Machine(program, claim.regions, claim.assumptions,
                          started + (20 if is_proved else 1) * SEARCH_SECONDS, claim.cuts)
        self.is_complete = True
        try:
            for _ in machine.paths(claim.function, claim.arguments):
                pass
        except (NotImplementedError, Undecided):
            self.is_complete = False
        domain = Domain(claim)
        self.inputs = [domain.values_of(model) for model in machine.models]
        self.reached, self.seconds = machine.reached(), process_time() - started
        # By the number that stands for it.
        self.places = {}
        for block in machine.blocks.values():
            for code, address in numbers_in(block):
                self.places.setdefault(code, set()).add(address)

    @property
    def is_quick(self):
        return self.is_complete and self.seconds <= QUICK_SECONDS


def numbers_in(block):
    """The numbers in the instructions of a block, and where."""
    address = None
    for statement in block.statements:
        if statement.tag == 'Ist_IMark':
            address = statement.addr
        for expression in statement.expressions:
            if expression.tag == 'Iex_Const' and isinstance(expression.con.value, int):
                yield expression.con.value, address


def identity(claim):
    """What tells a claim from all others, and from what it was before its bounds were changed."""
    asked = [str(argument) for argument in claim.arguments] + [formula.sexpr() for formula in claim.assumptions]
    return claim.name, hashlib.sha256('\n'.join(asked).encode()).hexdigest()


def find_paths(programs, claims, proved, kept, say):
    """The Paths of each claim, by its name; `proved` has the names of those that have been; `kept` is a file that has
    the Paths found for the same programs."""
    key = hashlib.sha256(b''.join(programs[name].file for name in sorted(programs))).digest()
    kept_paths, found = {}, {}
    try:
        with open(kept, 'rb') as file:
            old = pickle.load(file)
        if old['programs'] == key:
            kept_paths = old['paths']
    except FileNotFoundError:
        pass
    switch(programs, 0)
    for claim in claims:
        key_of_claim = identity(claim)
        if key_of_claim in kept_paths:
            found[claim.name] = kept_paths[key_of_claim]
        else:
            found[claim.name] = kept_paths[key_of_claim] = Paths(
                programs[claim.program], claim, claim.name in proved)
            say(f'{claim.name}: {len(found[claim.name].inputs)} paths in {found[claim.name].seconds:.0f} s')
            with open(kept, 'wb') as file:
                pickle.dump({'programs': key, 'paths': kept_paths}, file)
    return found


class Judge:
    """Says which claim is refuted for a mutant.  What each claim's runs have come to without one is kept."""

    def __init__(self, programs, claims, paths, seconds):
        self.programs, self.claims, self.paths, self.seconds, self.runs = programs, claims, paths, seconds, {}

    def runs_of(self, claim):
        if claim.name not in self.runs:
            switch(self.programs, 0)
            self.runs[claim.name] = Runs(self.programs[claim.program], claim, self.paths[claim.name].inputs)
        return self.runs[claim.name]

    def verdict(self, mutant):
        """Which claim is refuted, and how; or what else became of the mutant."""
        seeing = sorted((claim for claim in self.claims if mutant.code in self.paths[claim.name].places),
                        key=lambda claim: self.paths[claim.name].seconds)
        # The archive's functions, which take longest, for what no smaller one sees.
        seeing = [claim for claim in seeing if claim.program == 'units'] or seeing
        quick = [claim for claim in seeing if self.paths[claim.name].is_quick]
        holding, undecided = [], []
        for claims in quick, [claim for claim in seeing if claim not in quick]:
            found = self.refuting_run(mutant, claims)
            # A mutant that is argued to be equal is not worth the solver's time.
            if found is None and not mutant.argument:
                found = self.refuting_path(mutant, claims, holding, undecided)
            if found is not None:
                return found
        if mutant.argument:
            return mutant.argument
        if not seeing:
            return 'not reached'
        return 'not refuted' + (f'; proved: {", ".join(holding)}' if holding else '') + \
            (f'; undecided: {", ".join(undecided)}' if undecided else '')

    def refuting_run(self, mutant, claims):
        for claim in claims:
            runs = self.runs_of(claim)
            switch(self.programs, mutant.code)
            failure = runs.failure(self.paths[claim.name].places[mutant.code])
            if failure is not None:
                return f'refuted by a run of {claim.name}: {failure}'
        return None

    def refuting_path(self, mutant, claims, holding, undecided):
        """The same by the solver.  Else each claim is in one of the lists then."""
        end = process_time() + MUTANT_CLAIMS * self.seconds
        switch(self.programs, mutant.code)
        for claim in claims:
            known, left = self.paths[claim.name], min(self.seconds, end - process_time())
            if left <= 0:
                undecided.append(claim.name)
                continue
            outcome, _ = proof.prove(
                self.programs[claim.program], claim, left, replays=False,
                interest=(known.places[mutant.code], known.reached) if known.is_complete else None)
            if outcome.result == 'refuted':
                return f'refuted by a path of {claim.name}: {outcome.detail}'
            (holding if outcome.result == 'proved' else undecided).append(claim.name)
        return None


# ---- The file ----

def kept_lines(old, every):
    """The lines of the last time for the mutants that there still are, whatever their numbers are now."""
    lines = {}
    for line in old:
        _, _, kept = line.partition(' ')
        for mutant in every:
            if kept.startswith(mutant.text + ': '):
                lines[mutant.number] = f'{mutant.number} {kept}'
                break
    return lines


def summary(lines, every):
    refuted = sum(': refuted by ' in line for line in lines.values())
    left = {text: sum(f': {text}' in line for line in lines.values())
            for text in ('equal: ', 'equal here: ', 'not refuted', 'not reached')}
    text = (f'{len(every)} mutants: {refuted} refuted, {left["equal: "]} argued to be equal,'
            f' {left["equal here: "]} to be so within the bounds, {left["not refuted"]} not refuted,'
            f' {left["not reached"]} in code that no proof reaches')
    if len(lines) < len(every):
        text += f', {len(every) - len(lines)} not tried'
    asked = refuted + left['not refuted']
    return text + (f'; refuted of those reached and not equal: {100 * refuted // asked} %' if asked else '')


def record(path, new, every):
    """Writes what is known now in place of what was, and sums it up; what the file has of others stays."""
    with open(path) as file:
        lines = kept_lines(file.read().splitlines(), every)
    lines.update(new)
    with open(path, 'w') as file:
        file.write('\n'.join([lines[number] for number in sorted(lines)] + [summary(lines, every)]) + '\n')
