"""What templates see, and which values may stand in YAML without quotes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import DocumentError, parse_settings
from pipeline.rendering.scope import Scope, Touched, is_plain

words = st.text(alphabet="abcdefxyzENOT0123456789._-/+~:#", max_size=8)


@given(words | st.sampled_from(["null", "~", "yes", "Off", "1e3", "0x1f", "1_0", ".5", "-", "="]))
def test_a_plain_text_is_read_back_as_that_text(text: str) -> None:
    try:
        read = parse_settings(f"a: {text}\n", "f.yaml").value["a"]
    except DocumentError:
        read = None

    assert not is_plain(text) or read == text


def test_truth_and_nothing_are_never_plain() -> None:
    assert not is_plain(value=True)
    assert not is_plain(None)
    assert is_plain(7)


def test_a_loop_over_settings_knows_each_key() -> None:
    touched = Touched()
    scope = Scope({"tags": {"Project": "x", "items": "y"}}, touched)

    pairs = [(key.at, value.at) for key, value in scope.tags._items()]

    project, items = (("tags", "Project"),), (("tags", "items"),)
    assert pairs == [(project, project), (items, items)]


def test_a_setting_that_is_read_says_so() -> None:
    touched = Touched()
    scope = Scope({"a": {"b": True, "c": 1}}, touched)

    touched.start()
    _ = (scope.a.b, scope.a.c, scope.a.b)

    assert touched.take() == [("a", "b"), ("a", "c")]
