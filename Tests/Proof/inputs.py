# SPDX-License-Identifier: MIT
"""Numbers to try a claim with: those that the solver has for each path through the function, and variants."""

import random

from trial import Inputs

# So many variants are made for each path, of a claim at least and at most; so many numbers are changed in one at
# most; and so many times another is tried where one is none that the claim is made for.
FOR_EACH_PATH, LEAST, MOST = 6, 120, 300
CHANGES, ATTEMPTS = 3, 8


def word_of(chance, others):
    """A number such as code is sensitive to: few ones or few zeros, near a power of 2, near another number."""
    bit = chance.randrange(64)
    return chance.choice((
        lambda: chance.getrandbits(64), lambda: few(chance), lambda: (1 << 64) - 1 - few(chance),
        lambda: 0, lambda: (1 << 64) - 1, lambda: 1 << bit, lambda: (1 << bit) - 1, lambda: (1 << 64) - (1 << bit),
        lambda: (1 << 64) - 1 - (1 << bit), lambda: chance.randrange(256),
        lambda: chance.getrandbits(chance.randrange(15)), lambda: chance.getrandbits(bit + 1),
        lambda: chance.choice(others) + chance.randrange(-1, 2), lambda: chance.choice(others) ^ 1 << bit,
        lambda: chance.choice(others) + (chance.randrange(-64, 65) << chance.choice((0, 0, 12))),
    ))() % (1 << 64)


def few(chance):
    """A number with few ones."""
    return chance.getrandbits(64) & chance.getrandbits(64) & chance.getrandbits(64)


def variant(chance, domain, values):
    """The same numbers but for some; what no code can look at in the end is always another."""
    changed, names = dict(values), [name for name in domain.constants if not name.endswith('_before')]
    others = [value for value in values.values() if not isinstance(value, bool)]
    some = chance.sample(names, min(len(names), chance.randint(1, CHANGES)))
    for name in domain.constants:
        if name in some or name.endswith('_before') or 'garbage' in name:
            constant = domain.constants[name]
            changed[name] = bool(chance.getrandbits(1)) if isinstance(values[name], bool) else \
                word_of(chance, others) % (1 << constant.size())
    return changed


def inputs_of(domain, of_paths):
    """The inputs, those of paths first.  The same each time."""
    chance, values = random.Random(domain.claim.name), list(of_paths)
    made = [Inputs(domain, domain.model_of(known)) for known in of_paths]
    for _ in range(bool(values) and min(MOST, max(LEAST, FOR_EACH_PATH * len(of_paths)))):
        for _ in range(ATTEMPTS):
            # Of variants, too, so that some are far from all paths' numbers.
            changed = variant(chance, domain, chance.choice(values))
            model = domain.model_of(changed)
            if domain.has(model):
                values.append(changed)
                made.append(Inputs(domain, model))
                break
    return made
