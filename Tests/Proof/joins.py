# SPDX-License-Identifier: MIT
"""Ways of a branch that meet again, as they do behind most conditions in the source: from there on they are
followed as one, so that paths do not double with each."""

from memory import Ended
from solver import Undecided
from state import OFFSETS, STACK, STACK_SIZE
from values import either, same

# So many blocks are looked at for the place where two ways meet.
JOINED_BLOCKS = 6


class Joins:
    """What a machine does at a branch before it follows each way for itself."""

    def joined_ways(self, state, ways):
        """The state where both ways of a branch meet, if that is soon and without another branch: what differs
        is one or the other by the branch's condition.  None if they do not."""
        model, (taken, passed) = self.model, ways
        try:
            # Around a few instructions, over which the branch jumps; to some that jump back; one of two.
            passed_states = self.states_on(state, passed, {taken[2]})
            if taken[2] in passed_states:
                return self.join(state, taken[0], self.start_of(state, taken), passed_states[taken[2]])
            taken_states = self.states_on(state, taken, {passed[2], *passed_states})
            if passed[2] in taken_states:
                return self.join(state, taken[0], taken_states[passed[2]], self.start_of(state, passed))
            for address, other in taken_states.items():
                if address in passed_states:
                    return self.join(state, taken[0], other, passed_states[address])
            return None
        finally:
            self.model = model

    @staticmethod
    def start_of(state, way):
        other = state.copy()
        other.address = way[2]
        return other

    def states_on(self, state, way, stops):
        """The states between the blocks on a way, by address, up to one of `stops` or where it divides or ends."""
        other, states = self.start_of(state, way), {}
        self.taken.append(way[0])
        self.model = way[1]
        other.conditions.append(way[0])
        try:
            for _ in range(JOINED_BLOCKS):
                if self.step(other, stops) is not None:
                    break
                states[other.address] = other.copy()
                if other.address in stops:
                    break
        except (Ended, Undecided):
            self.check_time()
        finally:
            self.taken.pop()
        return states

    def join(self, state, condition, one, other):
        """The state that is one or the other."""
        # A function that two places have called returns to one of them.
        addresses = {*one.cells, *other.cells}
        pairs = [(self.cell(one, address), self.cell(other, address)) for address in addresses]
        pairs.append((one.registers[OFFSETS['rsp']], other.registers[OFFSETS['rsp']]))
        if any(not same(*pair) and self.is_place(pair[0]) and self.is_place(pair[1]) for pair in pairs):
            return None
        both = one.copy()
        both.conditions = list(state.conditions)
        both.excluded = {key: formula for key, formula in one.excluded.items() if key in other.excluded}
        both.is_touched = one.is_touched or other.is_touched
        both.block_count = max(one.block_count, other.block_count)
        for offset in {*one.registers, *other.registers}:
            both.registers[offset] = either(
                condition, one.registers.get(offset, 0), other.registers.get(offset, 0))
        for address in addresses:
            both.cells[address] = either(condition, self.cell(one, address), self.cell(other, address))
        return both

    def is_place(self, value):
        """Whether it is an address of the code, or of the stack."""
        return isinstance(value, int) and (STACK - STACK_SIZE <= value < STACK or self.image.has_code(value))
