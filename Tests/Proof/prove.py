# SPDX-License-Identifier: MIT
"""Proves the claims about a program's functions, and prints a table: see scripts/prove."""

import argparse
import multiprocessing
import sys

import arithmetic
import bitmap
import image
import planted
import proof

sys.setrecursionlimit(20000)
# Those of its time that a proof of a changed program gets of what the proof itself took, and at least.
PLANTED_SECONDS = 60


def parsed_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--units', required=True)
    parser.add_argument('--seconds', type=float, required=True)
    parser.add_argument('--processes', type=int, required=True)
    parser.add_argument('--planted', action='store_true')
    parser.add_argument('--sources', required=True)
    parser.add_argument('--result')
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
    outcome, machine = proof.prove(program, claim, OPTIONS.seconds)
    changes = [0, 0, []]
    if OPTIONS.planted and outcome.result == 'proved':
        changes = try_changes(program, claim, machine, outcome.seconds)
    return number, outcome, changes


def try_changes(program, claim, machine, seconds):
    """How many changes were refuted, how many were tried, and what became of the others."""
    refuted, places, others = 0, planted.places(machine), []
    for address, code in places:
        old = program.code(address, len(code))
        program.patch(address, code)
        outcome, _ = proof.prove(program, claim, max(PLANTED_SECONDS, 2 * seconds), replays=False)
        program.patch(address, old)
        if outcome.result == 'refuted':
            refuted += 1
        else:
            others.append(f'{program.describe(address)} {outcome.result}: {outcome.detail}')
    return [refuted, len(places), others]


def row(group, claim, outcome, changes):
    cells = [f'{group}/{claim.name}', claim.shown, claim.bounds, str(outcome.path_count),
             str(outcome.replay_count), f'{outcome.seconds:.0f}',
             f'{changes[0]} of {changes[1]}' if changes[1] else '-', outcome.result, OPTIONS.sources]
    return ' | '.join(cells)


HEADER = ('claim | what holds | for | paths | of them run on the processor | seconds | planted changes refuted'
          ' | result | sources and date')


def record(path, rows):
    """Puts the rows in place of those of the last time; what the file has of other proofs stays."""
    with open(path) as file:
        lines = file.read().splitlines()
    kept = {line.split(' | ')[0]: line for line in lines if ' | ' in line and line != HEADER}
    for line in rows:
        kept[line.split(' | ')[0]] = line
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
            for other in changes[2]:
                print(f'  planted: {other}', flush=True)
            failed |= outcome.result != 'proved'
            if OPTIONS.result:
                record(OPTIONS.result, rows)
    sys.exit(failed)


OPTIONS = parsed_arguments()
PROGRAMS = {'units': image.Image(OPTIONS.units)}
image.map_memory(arithmetic.OUT, image.PAGE)
image.map_memory(bitmap.MEMORY, 16 * image.PAGE)
GROUPS = {'ranges': arithmetic.claims(), 'words': bitmap.word_claims(), 'bitmap': bitmap.claims(PROGRAMS['units'])}
TASKS = selected(GROUPS, OPTIONS.names)
main()
