from dataclasses import fields, replace

import pytest

from shared.core.start_plan import plan, screen
from shared.core.starts import NotStarted, Outcome, Plan, Started, StartReport, StartRequest, UnknownStart
from shared.core.tasks import Found, Property, StartFilter, Task, TaskQuery, is_guid

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
MIXED_CASE = "abcdefab-ABCD-4abc-8ABC-abcdefABCDEF"
RED = Property(name="colour", value="red")
BLUE = Property(name="colour", value="blue")
NOTHING = StartFilter(task_ids=frozenset(), tags=frozenset(), properties=frozenset())


def a_task(task_id: str, *tags: str, properties: tuple[Property, ...] = ()) -> Task:
    return Task(id=task_id, name=f"Task {task_id[0]}", tags=frozenset(tags), properties=frozenset(properties))


def a_plan(**changes: tuple[object, ...]) -> Plan:
    return Plan(**(dict.fromkeys((each.name for each in fields(Plan)), ()) | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ONE, True),
        (MIXED_CASE, True),
        ("00000000-0000-0000-0000-000000000000", True),
        ("abc123", False),
        ("", False),
        ("-", False),
        (ONE[:-1], False),
        (ONE + "\n", False),
        (" " + ONE, False),
        ("{" + ONE + "}", False),
        (ONE.replace("-", ""), False),
        (ONE.replace("1", "\N{ARABIC-INDIC DIGIT ONE}"), False),
        (ONE + "' or 1 eq 1", False),
    ],
)
def test_a_guid_is_five_groups_of_hexadecimal_digits(text: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_guid(text) is expected


class TestStartFilter:
    @pytest.mark.parametrize(
        ("start_filter", "expected"),
        [
            (StartFilter(), True),
            (StartFilter(task_ids=frozenset()), False),
            (StartFilter(tags=frozenset()), False),
            (StartFilter(properties=frozenset()), False),
            (NOTHING, False),
        ],
    )
    def test_only_without_a_filter_is_everything_allowed(self, start_filter: StartFilter, *, expected: bool) -> None:
        assert start_filter.allows_everything is expected

    @pytest.mark.parametrize(
        ("start_filter", "expected"),
        [
            (StartFilter(), True),
            (NOTHING, False),
            (replace(NOTHING, task_ids=frozenset({MIXED_CASE.lower()})), True),
            (replace(NOTHING, task_ids=frozenset({ONE, TWO})), False),
            (replace(NOTHING, tags=frozenset({"b", "c"})), True),
            (replace(NOTHING, tags=frozenset({"B"})), False),
            (replace(NOTHING, properties=frozenset({BLUE})), True),
            (replace(NOTHING, properties=frozenset({Property(name="colour", value="green")})), False),
            (replace(NOTHING, properties=frozenset({Property(name="size", value="blue")})), False),
        ],
    )
    def test_a_schedule_may_start_a_task_that_is_listed_or_carries_what_is(
        self, start_filter: StartFilter, *, expected: bool
    ) -> None:
        task = a_task(MIXED_CASE, "a", "b", properties=(RED, BLUE))

        assert start_filter.allows(task) is expected

    def test_a_task_that_carries_nothing_must_be_listed(self) -> None:
        wide = replace(NOTHING, tags=frozenset({"a"}), properties=frozenset({RED}))

        assert not wide.allows(a_task(ONE))
        assert replace(wide, task_ids=frozenset({ONE})).allows(a_task(ONE))


class TestWanted:
    def test_each_thing_is_looked_up_once_and_ids_in_lower_case(self) -> None:
        request = StartRequest(
            task_ids=(MIXED_CASE, MIXED_CASE.upper(), ONE), tags=("a", "A", "a"), properties=(RED, BLUE, RED)
        )

        assert screen(request, StartFilter()).wanted == TaskQuery(
            task_ids=(MIXED_CASE.lower(), ONE), tags=("a", "A"), properties=(RED, BLUE)
        )

    def test_what_is_no_guid_is_not_looked_up(self) -> None:
        assert screen(StartRequest(task_ids=("abc123", "")), StartFilter()).wanted == TaskQuery()

    def test_what_the_filter_does_not_list_is_not_looked_up(self) -> None:
        request = StartRequest(task_ids=(ONE, TWO.upper()), tags=("a", "A", "b"), properties=(RED, BLUE))
        start_filter = StartFilter(task_ids=frozenset({TWO}), tags=frozenset({"A"}), properties=frozenset({BLUE}))

        assert screen(request, start_filter).wanted == TaskQuery(task_ids=(TWO,), tags=("A",), properties=(BLUE,))

    def test_an_empty_filter_allows_nothing(self) -> None:
        request = StartRequest(task_ids=(ONE,), tags=("a",), properties=(RED,))

        assert screen(request, NOTHING).wanted == TaskQuery()


class TestPlanByIds:
    def test_found_unknown_and_malformed_ids_are_told_apart_in_the_order_of_the_request(self) -> None:
        request = StartRequest(task_ids=(TWO, "abc123", ONE, MIXED_CASE))
        found = Found(by_id=(a_task(ONE), a_task(TWO)))

        assert plan(screen(request, StartFilter()), found) == a_plan(
            by_id=(a_task(TWO), a_task(ONE)), invalid_ids=("abc123", MIXED_CASE)
        )

    def test_the_task_is_named_as_sense_writes_it(self) -> None:
        request = StartRequest(task_ids=(MIXED_CASE.upper(),))
        found = Found(by_id=(a_task(MIXED_CASE),))

        assert plan(screen(request, StartFilter()), found).by_id == (a_task(MIXED_CASE),)

    def test_an_id_named_twice_is_listed_twice_and_started_once(self) -> None:
        decided = plan(screen(StartRequest(task_ids=(ONE, ONE)), StartFilter()), Found(by_id=(a_task(ONE),)))

        assert decided.by_id == (a_task(ONE), a_task(ONE))
        assert decided.tasks == (a_task(ONE),)

    def test_when_all_must_exist_one_invalid_id_denies_the_others(self) -> None:
        request = StartRequest(task_ids=(ONE, "abc123", TWO), all_task_ids_must_exist=True)
        found = Found(by_id=(a_task(ONE), a_task(TWO)))

        assert plan(screen(request, StartFilter()), found) == a_plan(invalid_ids=("abc123",), denied_ids=(ONE, TWO))

    def test_when_all_must_exist_and_do_they_start(self) -> None:
        request = StartRequest(task_ids=(ONE,), all_task_ids_must_exist=True)

        assert plan(screen(request, StartFilter()), Found(by_id=(a_task(ONE),))) == a_plan(by_id=(a_task(ONE),))

    def test_when_all_must_exist_tags_and_properties_start_all_the_same(self) -> None:
        request = StartRequest(task_ids=("abc123",), tags=("a",), all_task_ids_must_exist=True)
        found = Found(by_tag=(a_task(ONE, "a"),))

        assert plan(screen(request, StartFilter()), found) == a_plan(
            invalid_ids=("abc123",), by_tag=(a_task(ONE, "a"),)
        )

    def test_an_id_that_the_filter_does_not_list_is_denied_and_not_missing(self) -> None:
        request = StartRequest(task_ids=(ONE, MIXED_CASE), all_task_ids_must_exist=True)
        start_filter = StartFilter(task_ids=frozenset({MIXED_CASE.lower()}))

        assert plan(screen(request, start_filter), Found(by_id=(a_task(MIXED_CASE),))) == a_plan(
            by_id=(a_task(MIXED_CASE),), denied_ids=(ONE,)
        )

    def test_a_malformed_id_is_invalid_whatever_the_filter_says(self) -> None:
        assert plan(screen(StartRequest(task_ids=("abc",)), NOTHING), Found()) == a_plan(invalid_ids=("abc",))

    def test_ids_denied_by_the_filter_come_before_those_held_back_for_a_missing_one(self) -> None:
        request = StartRequest(task_ids=(ONE, "abc123", TWO), all_task_ids_must_exist=True)
        start_filter = StartFilter(task_ids=frozenset({ONE}))

        assert plan(screen(request, start_filter), Found(by_id=(a_task(ONE),))).denied_ids == (TWO, ONE)


class TestPlanByTagsAndProperties:
    def test_a_tag_matches_exactly_whatever_sense_thought(self) -> None:
        found = Found(by_tag=(a_task(ONE, "Nightly"), a_task(TWO, "nightly")))

        assert plan(screen(StartRequest(tags=("nightly",)), StartFilter()), found).by_tag == (a_task(TWO, "nightly"),)

    def test_name_and_value_must_stand_in_one_property(self) -> None:
        crossed = a_task(ONE, properties=(Property(name="colour", value="green"), Property(name="size", value="red")))
        right = a_task(TWO, properties=(RED,))

        decided = plan(screen(StartRequest(properties=(RED,)), StartFilter()), Found(by_property=(crossed, right)))

        assert decided.by_property == (right,)

    def test_what_no_task_carries_starts_nothing(self) -> None:
        request = StartRequest(tags=("a",), properties=(RED,))

        assert plan(screen(request, StartFilter()), Found(by_tag=(a_task(ONE, "b"),))) == a_plan(
            unknown_tags=("a",), unknown_properties=(RED,)
        )

    def test_what_tasks_carry_in_another_case_is_unknown(self) -> None:
        other = Property(name="Colour", value="RED")
        request = StartRequest(tags=("a",), properties=(RED,))
        found = Found(by_tag=(a_task(ONE, "A"),), by_property=(a_task(ONE, properties=(other,)),))

        assert plan(screen(request, StartFilter()), found) == a_plan(unknown_tags=("a",), unknown_properties=(RED,))

    def test_what_is_unknown_is_told_once_in_the_order_of_the_request(self) -> None:
        request = StartRequest(tags=("b", "known", "a", "b"), properties=(RED, BLUE, RED))

        decided = plan(screen(request, StartFilter()), Found(by_tag=(a_task(ONE, "known"),)))

        assert (decided.unknown_tags, decided.unknown_properties) == (("b", "a"), (RED, BLUE))

    def test_what_the_filter_denies_is_not_told_as_unknown_too(self) -> None:
        request = StartRequest(tags=("a", "b"), properties=(RED, BLUE))
        start_filter = StartFilter(tags=frozenset({"b"}), properties=frozenset({BLUE}))

        assert plan(screen(request, start_filter), Found()) == a_plan(
            denied_tags=("a",), denied_properties=(RED,), unknown_tags=("b",), unknown_properties=(BLUE,)
        )

    def test_a_tag_named_twice_lists_its_tasks_twice(self) -> None:
        decided = plan(screen(StartRequest(tags=("a", "a")), StartFilter()), Found(by_tag=(a_task(ONE, "a"),)))

        assert decided.by_tag == (a_task(ONE, "a"),) * 2

    def test_a_task_found_by_two_look_ups_is_listed_once_for_each_name(self) -> None:
        both = a_task(ONE, "a", "b")
        decided = plan(screen(StartRequest(tags=("b", "a")), StartFilter()), Found(by_tag=(both, both)))

        assert decided.by_tag == (both, both)

    def test_tags_and_properties_outside_the_filter_are_denied(self) -> None:
        request = StartRequest(tags=("a", "A"), properties=(RED, BLUE))
        start_filter = StartFilter(tags=frozenset({"a"}), properties=frozenset({BLUE}))
        found = Found(by_tag=(a_task(ONE, "a", "A"),), by_property=(a_task(TWO, properties=(RED, BLUE)),))

        assert plan(screen(request, start_filter), found) == a_plan(
            by_tag=(a_task(ONE, "a", "A"),),
            by_property=(a_task(TWO, properties=(RED, BLUE)),),
            denied_tags=("A",),
            denied_properties=(RED,),
        )

    def test_a_task_named_in_every_way_is_started_once(self) -> None:
        task = a_task(ONE, "a", properties=(RED,))
        request = StartRequest(task_ids=(ONE,), tags=("a",), properties=(RED,))
        decided = plan(screen(request, StartFilter()), Found(by_id=(task,), by_tag=(task,), by_property=(task,)))

        assert decided == a_plan(by_id=(task,), by_tag=(task,), by_property=(task,))
        assert decided.tasks == (task,)


class TestReport:
    def test_it_tells_started_from_failed(self) -> None:
        report = StartReport(
            plan=a_plan(by_id=(a_task(ONE), a_task(TWO))),
            outcomes={ONE: Started(execution_id="e"), TWO: NotStarted(reason="why")},
        )

        assert report.execution_id(a_task(ONE)) == "e"
        assert report.execution_id(a_task(TWO)) is None
        assert report.failures == ((a_task(TWO), NotStarted(reason="why")),)
        assert not report.nothing_started

    @pytest.mark.parametrize(
        ("outcomes", "expected"),
        [
            ([NotStarted(reason="why")], True),
            ([NotStarted(reason="why")] * 2, True),
            ([NotStarted(reason="why"), UnknownStart(reason="unknown")], False),
            ([UnknownStart(reason="unknown")], False),
            ([NotStarted(reason="why"), Started(execution_id="e")], False),
        ],
    )
    def test_nothing_started_when_every_start_surely_failed(self, outcomes: list[Outcome], *, expected: bool) -> None:
        told = dict(zip((ONE, TWO), outcomes, strict=False))
        tasks = tuple(a_task(task_id) for task_id in told)

        assert StartReport(plan=a_plan(by_id=tasks), outcomes=told).nothing_started is expected

    def test_a_request_that_starts_nothing_has_not_failed(self) -> None:
        assert not StartReport(plan=a_plan(), outcomes={}).nothing_started
