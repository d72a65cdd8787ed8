"""The list of mutants keeps in step with the product; `make mutants` tries them."""

import re
from collections import Counter

import pytest

from tools.mutants import Mutant, load_mutants, problems

MUTANTS = load_mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_can_be_tried(mutant: Mutant) -> None:
    assert list(problems(mutant)) == []


def test_mutants_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(m.name for m in MUTANTS).items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z0-9-]+", mutant.name) for mutant in MUTANTS)


def test_list_that_has_rotted_is_told() -> None:
    rotten = Mutant(
        "x", "ingest/files.py", "no such text", "", "no such promise", ("unit/x.py::y",)
    )

    assert list(problems(rotten)) == [
        "x: its old text stands 0 times in ingest/files.py, not once",
        "x: no page has its promise",
        "x: there is no test unit/x.py::y",
    ]
