# SPDX-License-Identifier: MIT
"""Asks Bitwuzla whether formulas of z3's can all be true: each is translated once, and what was found out
about it helps with the next question."""

import time

import bitwuzla
import z3
from bitwuzla import Kind, Option, Result

OPERATIONS = {
    z3.Z3_OP_AND: Kind.AND, z3.Z3_OP_OR: Kind.OR, z3.Z3_OP_NOT: Kind.NOT, z3.Z3_OP_XOR: Kind.XOR,
    z3.Z3_OP_IMPLIES: Kind.IMPLIES, z3.Z3_OP_ITE: Kind.ITE, z3.Z3_OP_EQ: Kind.EQUAL,
    z3.Z3_OP_DISTINCT: Kind.DISTINCT, z3.Z3_OP_BADD: Kind.BV_ADD, z3.Z3_OP_BSUB: Kind.BV_SUB,
    z3.Z3_OP_BMUL: Kind.BV_MUL, z3.Z3_OP_BNEG: Kind.BV_NEG, z3.Z3_OP_BNOT: Kind.BV_NOT,
    z3.Z3_OP_BAND: Kind.BV_AND, z3.Z3_OP_BOR: Kind.BV_OR, z3.Z3_OP_BXOR: Kind.BV_XOR,
    z3.Z3_OP_CONCAT: Kind.BV_CONCAT, z3.Z3_OP_BSHL: Kind.BV_SHL, z3.Z3_OP_BLSHR: Kind.BV_SHR,
    z3.Z3_OP_BASHR: Kind.BV_ASHR, z3.Z3_OP_ULEQ: Kind.BV_ULE, z3.Z3_OP_ULT: Kind.BV_ULT,
    z3.Z3_OP_UGEQ: Kind.BV_UGE, z3.Z3_OP_UGT: Kind.BV_UGT, z3.Z3_OP_SLEQ: Kind.BV_SLE,
    z3.Z3_OP_SLT: Kind.BV_SLT, z3.Z3_OP_SGEQ: Kind.BV_SGE, z3.Z3_OP_SGT: Kind.BV_SGT}
# With numbers beside the operands.
INDEXED = {
    z3.Z3_OP_EXTRACT: Kind.BV_EXTRACT, z3.Z3_OP_ZERO_EXT: Kind.BV_ZERO_EXTEND,
    z3.Z3_OP_SIGN_EXT: Kind.BV_SIGN_EXTEND, z3.Z3_OP_REPEAT: Kind.BV_REPEAT}


class Undecided(Exception):
    """The time is over, or the machine is asked for what it does not know."""


class Solver:
    """Formulas that hold, and questions about others, up to a time of time.process_time()."""

    def __init__(self, deadline):
        self.terms = bitwuzla.TermManager()
        self.options = bitwuzla.Options()
        self.options.set(Option.PRODUCE_MODELS, True)
        self.solver = bitwuzla.Bitwuzla(self.terms, self.options)
        self.solver.configure_terminator(lambda: time.process_time() >= deadline)
        # By the number that z3 has for a formula, which stays its own for as long as it is kept.
        self.known = {}
        self.constants = {}

    def add(self, *formulas):
        for formula in formulas:
            self.solver.assert_formula(self.term(formula))

    def find(self, formulas):
        """A model in which all of them are true; None if there is none."""
        answer = self.solver.check_sat(*[self.term(formula) for formula in formulas])
        if answer == Result.UNKNOWN:
            raise Undecided('the time was over')
        return self.model() if answer == Result.SAT else None

    def model(self):
        """z3's model with the same numbers."""
        fixed = z3.Solver()
        for constant, term in self.constants.values():
            value = self.solver.get_value(term)
            if z3.is_bool(constant):
                fixed.add(constant == z3.BoolVal(value.value()))
            else:
                fixed.add(constant == z3.BitVecVal(int(value.value(10)), constant.size()))
        assert fixed.check() == z3.sat
        return fixed.model()

    def term(self, formula):
        known = self.known
        if formula.get_id() in known:
            return known[formula.get_id()][1]
        # Without recursion, for formulas are deep.
        waiting = [formula]
        while waiting:
            top = waiting[-1]
            if top.get_id() in known:
                waiting.pop()
                continue
            children = top.children()
            missing = [child for child in children if child.get_id() not in known]
            if missing:
                waiting.extend(missing)
                continue
            known[top.get_id()] = top, self.made(top, [known[child.get_id()][1] for child in children])
            waiting.pop()
        return known[formula.get_id()][1]

    def made(self, formula, operands):
        """The term for a formula whose parts have been translated."""
        terms, kind = self.terms, formula.decl().kind()
        if kind == z3.Z3_OP_TRUE:
            return terms.mk_true()
        if kind == z3.Z3_OP_FALSE:
            return terms.mk_false()
        if kind == z3.Z3_OP_BNUM:
            return terms.mk_bv_value(terms.mk_bv_sort(formula.size()), formula.as_long())
        if kind == z3.Z3_OP_UNINTERPRETED:
            sort = terms.mk_bool_sort() if z3.is_bool(formula) else terms.mk_bv_sort(formula.size())
            term = terms.mk_const(sort, formula.decl().name())
            self.constants[formula.get_id()] = formula, term
            return term
        if kind in INDEXED:
            return terms.mk_term(INDEXED[kind], operands, formula.params())
        if kind not in OPERATIONS:
            raise NotImplementedError(formula.decl().name())
        if len(operands) == 1 and kind not in (z3.Z3_OP_NOT, z3.Z3_OP_BNOT, z3.Z3_OP_BNEG):
            return operands[0]
        return terms.mk_term(OPERATIONS[kind], operands)
