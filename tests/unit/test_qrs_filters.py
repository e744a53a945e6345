from urllib.parse import unquote

import pytest

from shared.core.tasks import Property
from shared.qrs import filters


def an_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@pytest.mark.parametrize(
    ("tag", "literal"),
    [
        ("nightly", "'nightly'"),
        ("it's", r"'it\'s'"),
        (r"C:\temp", r"'C:\\temp'"),
        (r"\'", r"'\\\''"),
        ("åäö 100% a+b #1 a&b \U0001f600", "'åäö 100% a+b #1 a&b \U0001f600'"),
        ("' or 1 eq 1 or name eq '", r"'\' or 1 eq 1 or name eq \''"),
    ],
)
def test_text_is_quoted_with_backslashes(tag: str, literal: str) -> None:
    assert [unquote(text) for text in filters.by_tags([tag])] == [f"tags.name eq {literal}"]


def test_a_filter_is_percent_encoded_whole() -> None:
    assert filters.by_tags(["a+b &#%/?"]) == ["tags.name%20eq%20%27a%2Bb%20%26%23%25%2F%3F%27"]


def test_name_and_value_of_a_property_stand_in_one_group() -> None:
    pairs = [Property(name="o'clock", value="9"), Property(name="b", value="")]

    assert unquote(*filters.by_properties(pairs)) == (
        r"(customProperties.definition.name eq 'o\'clock' and customProperties.value eq '9') or "
        r"(customProperties.definition.name eq 'b' and customProperties.value eq '')"
    )


def test_nothing_wanted_needs_no_filter() -> None:
    assert filters.by_ids([]) == filters.by_tags([]) == filters.by_properties([]) == []


@pytest.mark.parametrize(("ids", "sizes"), [(1, [1]), (40, [40]), (41, [40, 1]), (100, [40, 40, 20])])
def test_forty_ids_go_into_one_filter(ids: int, sizes: list[int]) -> None:
    texts = filters.by_ids(an_id(number) for number in range(ids))

    assert [text.count("id%20eq") for text in texts] == sizes
    assert all(an_id(number) in "".join(texts) for number in range(ids))


def test_long_texts_make_more_filters_so_that_a_url_stays_short() -> None:
    tags = [f"{number} " + "\U0001f600" * 200 for number in range(10)]
    texts = filters.by_tags(tags)

    assert len(texts) > 1
    assert max(map(len, texts)) <= filters.FILTER_BYTES
    assert " or ".join(unquote(text) for text in texts) == " or ".join(f"tags.name eq '{tag}'" for tag in tags)
