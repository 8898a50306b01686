"""Whether a parameter has changed is noticed at any depth, and copies that are equal are no change."""

import copy
import pickle

import numpy as np
import pytest

from isoprint.descriptors._watch import Watch, changeable

ARRAY = np.eye(2)


def parameters():
    return ["H", 1, 2.5, None, (1, (2.5, "O")), {"H": 0.3, "O": [0.4, {"s": 1}]}, [ARRAY, ([1], 2)]]


def test_what_is_the_same_or_equal_is_unchanged():
    kept = parameters()
    watch = Watch(kept)
    assert watch.unchanged()
    assert watch.unchanged(parameters())
    as_lists = parameters()
    as_lists[4], as_lists[6] = [1, [2.5, "O"]], (ARRAY, [(1,), 2])
    assert watch.unchanged(as_lists)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_are_watched_together_with_what_they_are_of(duplicate):
    kept = parameters()
    watch, again = duplicate((Watch(kept), kept))
    assert watch.unchanged(again)
    again[6][1][0][0] = 2
    assert not watch.unchanged(again)


def exchanged(place, value):
    def change(parameters):
        parameters[place] = value

    return change


CHANGES = {
    "word": exchanged(0, "O"),
    "kind of number": exchanged(1, 1.0),
    "truth for one": exchanged(1, True),
    "nothing for something": exchanged(3, 0),
    "number in a tuple": exchanged(4, (1, (2.0, "O"))),
    "shorter tuple": exchanged(4, (1,)),
    "container for none": exchanged(5, None),
    "list for mapping": exchanged(5, ["H", "O", 0.3, [0.4, {"s": 1}]]),
    "equal array": exchanged(6, [ARRAY.copy(), ([1], 2)]),
    "deep key": lambda given: given[5]["O"][1].update(p=1),
    "deep value": lambda given: given[5]["O"][1].update(s=2),
    "in a list in a tuple": lambda given: given[6][1][0].append(3),
    "one more": lambda given: given.append(None),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("in_place", [True, False])
def test_changes_are_noticed(change, in_place):
    kept = parameters()
    watch = Watch(kept)
    other = kept if in_place else parameters()
    change(other)
    assert not watch.unchanged(other)
    assert watch.unchanged() is not in_place


def test_containers_can_change_and_arrays_are_taken_for_what_they_are():
    assert all(map(changeable, ([], {}, ([],), ((1, {}),))))
    assert not any(map(changeable, (ARRAY, "H", 1, (1, (2, "O")), None)))
