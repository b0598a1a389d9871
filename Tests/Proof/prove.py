# SPDX-License-Identifier: MIT
"""Proves the claims about a program's functions, and prints a table: see scripts/prove."""

import argparse
import multiprocessing
import sys

import arithmetic
import bitmap
import calls
import heap
import image
import mutants
import pages
import planted
import proof
import runs
import trial

sys.setrecursionlimit(20000)
# Those of its time that a proof of a changed program gets of what the proof itself took, and at least.
PLANTED_SECONDS = 60


def parsed_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--units', required=True)
    parser.add_argument('--archive', required=True)
    parser.add_argument('--seconds', type=float, required=True)
    parser.add_argument('--processes', type=int, required=True)
    parser.add_argument('--verbose', action='store_true')
    parser.add_argument('--planted', action='store_true')
    parser.add_argument('--changes', type=int, default=40)
    parser.add_argument('--mutants')
    parser.add_argument('--arguments')
    parser.add_argument('--sources', required=True)
    parser.add_argument('--result')
    parser.add_argument('--claims')
    parser.add_argument('names', nargs='*')
    return parser.parse_args()


def selected(groups, names):
    known = set(groups) | {claim.name for claims in groups.values() for claim in claims}
    for name in names:
        if name not in known:
            sys.exit(f'prove: error: no proof or group of them is called {name}: {" ".join(groups)}')
    return [(group, claim) for group, claims in groups.items() for claim in claims
            if not names or group in names or claim.name in names]


def run(number):
    group, claim = TASKS[number]
    program = PROGRAMS[claim.program]
    outcome, machine = proof.prove(program, claim, OPTIONS.seconds, progress=progress if OPTIONS.verbose else None)
    changes = None
    if OPTIONS.planted and outcome.result == 'proved':
        changes = try_changes(program, claim, machine, outcome.seconds)
    return number, outcome, changes


def progress(paths, seconds):
    print(f'  {paths} paths in {seconds:.0f} s', file=sys.stderr, flush=True)


def try_changes(program, claim, machine, seconds):
    """How many changes were refuted, and of how many, as text, and with how many the claim holds all the same; and
    what became of the others."""
    places, reached, refuted, holding, others = planted.places(machine), machine.reached(), 0, 0, []
    tried = planted.spread(places, OPTIONS.changes)
    domain = trial.Domain(claim)
    before = runs.Runs(program, claim, [domain.values_of(model) for model in machine.models])
    for address, code in tried:
        old = program.code(address, len(code))
        program.patch(address, code)
        is_refuted = before.failure({address}) is not None
        if not is_refuted:
            outcome, _ = proof.prove(program, claim, max(PLANTED_SECONDS, 2 * seconds), replays=False,
                                     interest=({address}, reached))
            is_refuted = outcome.result == 'refuted'
        program.patch(address, old)
        if is_refuted:
            refuted += 1
        else:
            holding += outcome.result == 'proved'
            others.append(f'{program.describe(address)} {outcome.result}: {outcome.detail}')
    among = f' (among {len(places)})' if len(tried) < len(places) else ''
    same = f'; proved with {holding} of the others' if holding else ''
    return f'{refuted} of {len(tried)}{among}{same}', others


def row(group, claim, outcome, changes):
    result = outcome.result
    if result == 'undecided':
        result += f' after {outcome.path_count} paths, {outcome.seconds:.0f} s'
    cells = [f'{group}/{claim.name}', claim.shown, claim.bounds, str(outcome.path_count),
             str(outcome.replay_count), f'{outcome.seconds:.0f}',
             changes[0] if changes else '-', result, OPTIONS.sources]
    return ' | '.join(cells)


HEADER = ('claim | what holds | for | paths | of them run on the processor | seconds of a processor'
          ' | planted changes refuted | result | sources and date')
PLANTED = HEADER.split(' | ').index('planted changes refuted')


def record(path, rows):
    """Puts the rows in place of those of the last time; what the file has of other proofs stays."""
    with open(path) as file:
        lines = file.read().splitlines()
    kept = {line.split(' | ')[0]: line for line in lines if ' | ' in line and line != HEADER}
    for line in rows:
        name = line.split(' | ')[0]
        # What a run without --planted does not know.
        planted = kept[name].split(' | ')[PLANTED] if name in kept else '-'
        cells = line.split(' | ')
        if cells[PLANTED] == '-':
            cells[PLANTED] = planted
        kept[name] = ' | '.join(cells)
    order = [f'{group}/{claim.name}' for group, claim in selected(GROUPS, [])]
    with open(path, 'w') as file:
        file.write('\n'.join([HEADER] + [kept[name] for name in order if name in kept]) + '\n')


def main():
    failed, rows = False, []
    context = multiprocessing.get_context('fork')
    print(HEADER, flush=True)
    with context.Pool(OPTIONS.processes, maxtasksperchild=1) as pool:
        for number, outcome, changes in pool.imap_unordered(run, range(len(TASKS)), 1):
            group, claim = TASKS[number]
            rows.append(row(group, claim, outcome, changes))
            print(rows[-1], flush=True)
            if outcome.detail:
                print(f'  {outcome.detail}', flush=True)
            for other in changes[1] if changes else ():
                print(f'  planted: {other}', flush=True)
            failed |= outcome.result != 'proved'
            if OPTIONS.result:
                record(OPTIONS.result, rows)
    sys.exit(failed)


# ---- Mutants ----

def try_mutant(index):
    return index, JUDGE.verdict(MUTANTS[index])


def run_mutants(every):
    """Tries the mutants; whether each that a proof reaches, and that is not argued to be equal, was refuted."""
    lines = {}
    with multiprocessing.get_context('fork').Pool(OPTIONS.processes) as pool:
        for index, verdict in pool.imap_unordered(try_mutant, range(len(MUTANTS)), 1):
            mutant = MUTANTS[index]
            lines[mutant.number] = f'{mutant} {verdict} [{OPTIONS.sources}]'
            print(lines[mutant.number], flush=True)
            mutants.record(OPTIONS.result, lines, every)
    return all(': refuted by ' in line or ': not reached' in line or ': equal' in line for line in lines.values())


def proved_before():
    """The claims that were proved the last time."""
    with open(OPTIONS.claims) as file:
        cells = [line.rstrip('\n').split(' | ') for line in file]
    return {row[0].partition('/')[2] for row in cells if 'proved' in row}


def tell(text):
    print(f'  {text}', file=sys.stderr, flush=True)


OPTIONS = parsed_arguments()
PROGRAMS = {'units': image.Image(OPTIONS.units), 'archive': image.Image(OPTIONS.archive)}
image.map_memory(arithmetic.OUT, image.PAGE)
image.map_memory(bitmap.MEMORY, 16 * image.PAGE)
with open(OPTIONS.archive + '.refuse') as file:
    REFUSE = file.read().strip()
GROUPS = {
    'ranges': arithmetic.claims(), 'words': bitmap.word_claims(), 'bitmap': bitmap.claims(PROGRAMS['units']),
    'pages': pages.claims(PROGRAMS['units']), 'heap': heap.claims(PROGRAMS['units']),
    'calls': calls.claims(PROGRAMS['archive'], REFUSE, bitmap.MEMORY + 8 * image.PAGE)}
if OPTIONS.mutants:
    CLAIMS = [claim for of_group in GROUPS.values() for claim in of_group]
    PATHS = mutants.find_paths(PROGRAMS, CLAIMS, proved_before(), OPTIONS.units + '.paths', tell)
    EVERY_MUTANT = mutants.of_proved_sources(mutants.read(OPTIONS.mutants, OPTIONS.arguments), PATHS)
    MUTANTS = [mutant for mutant in EVERY_MUTANT
               if not OPTIONS.names or mutant.source in OPTIONS.names or str(mutant.number) in OPTIONS.names]
    JUDGE = mutants.Judge(PROGRAMS, CLAIMS, PATHS, OPTIONS.seconds)
    sys.exit(not run_mutants(EVERY_MUTANT))
TASKS = selected(GROUPS, OPTIONS.names)
main()
