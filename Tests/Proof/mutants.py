# SPDX-License-Identifier: MIT
"""The mutants of Tests/Mutation: which proofs see the code of each, and whether one refutes it."""

# What looks at the code of a source, or some of it.
REACHED = {
    'PhysicalMemory/AddressRange.swift': 'ranges',
    'PhysicalMemory/PageRange.swift': 'ranges',
    'PhysicalMemory/CheckedArithmetic.swift': 'ranges',
    'PageBitmap/BitmapWord.swift': 'words',
    'PageBitmap/PageState.swift': 'words',
    'PageBitmap/PageBitmap+Search.swift':
        'is_reserved is_free first_free first_reserved first_run_of_1 first_run_of_2 first_run_of_3',
    'PageBitmap/PageBitmap+Change.swift':
        'seek free_at_cursor reserve_at_cursor reserve_page_at_cursor free reserve',
    'PageBitmap/BitmapCursor.swift': 'first_free_at_cursor',
    'PageBitmap/GroupPlanes.swift': 'free reserve first_free',
    'PageBitmap/GroupSummary.swift': 'free reserve',
    'PageAllocator/PageTree.swift': 'take_owned free_owned',
    'KernelHeap/HeapPage.swift': 'heap_take heap_release heap_clear',
}


class Mutant:
    """A line of the list that scripts/prove makes: its number, the source, the change, and why nothing can
    fail for it, if that is argued."""

    def __init__(self, line):
        number, self.source, self.change, self.reason = line.rstrip('\n').split('\t')
        self.number = int(number)

    def __str__(self):
        return f'{self.number} {self.source}: {self.change}:'

    def proofs(self, groups):
        """The claims that see the code."""
        names = REACHED[self.source].split()
        return [claim for group, claims in groups.items() for claim in claims
                if group in names or claim.name in names]


def read(path):
    """Those of sources that some proof looks at."""
    with open(path) as file:
        every = [Mutant(line) for line in file]
    return [mutant for mutant in every if mutant.source in REACHED]
