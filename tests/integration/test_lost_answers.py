"""What ticks and writers do when storage did what was asked and the answer is lost, or did not and is in trouble."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest

from sandbox.faulty.faults import TRANSACTION, Kind, Match
from shared.core.entry import Entry
from shared.core.errors import CallerError, OutcomeUnknown, StorageError
from shared.core.runs import RunOutcome
from shared.core.schedules import Change, Schedule
from shared.storage.schedules import ScheduleStore
from shared.use_cases.manage_schedules import ManageSchedules
from tests.saying import saying
from tests.tables import (
    DO,
    ELEVEN,
    FAR_AWAY,
    SHORTLY_BEFORE_TEN,
    TEN,
    Row,
    Store,
    a_run,
    claimed,
    dealt_with,
    definition,
    second,
)

NOW = SHORTLY_BEFORE_TEN
DONE_BUT_NOT_TOLD: list[Kind] = ["cut", "busy_after", "late"]
NOT_DONE: list[Kind] = ["refuse", "busy"]


@pytest.fixture(params=[*DONE_BUT_NOT_TOLD, *NOT_DONE])
def trouble(request: pytest.FixtureRequest, store: Store) -> Callable[..., None]:
    """What befalls the next transactions, as many as are said."""
    kind: Kind = request.param

    def begins(count: int | None = 1, match: Match = TRANSACTION) -> None:
        store.faulty.fault(kind, match=match, count=count, seconds=0.1)

    return begins


def ids(dues: list[Entry]) -> list[str]:
    return sorted(due.schedule_id for due in dues)


# --- a tick


def test_a_claim_is_ours_and_nobody_elses(store: Store, trouble: Callable[..., None]) -> None:
    store.keep(5)
    read = store.due()
    trouble()

    ours = store.shaky.agenda.claim([claimed(due, "me") for due in read])

    assert sorted(ours, key=lambda due: due.schedule_id) == store.due()
    assert {due.claim and due.claim.owner for due in ours} == {"me"}
    assert store.sure.agenda.claim([claimed(due, "another tick") for due in read]) == []


def test_a_claim_of_which_another_tick_holds_a_part_is_ours_for_the_rest(
    store: Store, trouble: Callable[..., None]
) -> None:
    store.keep(5)
    read = store.due()
    others = store.sure.agenda.claim([claimed(read[1], "another tick")])
    # The first transaction meets what the other holds; the trouble befalls the one that has left it out.
    trouble(match=second(TRANSACTION))

    ours = store.shaky.agenda.claim([claimed(due, "me") for due in read])

    assert ids(ours) == ids([read[0], *read[2:]])
    assert [due for due in store.due() if due not in ours] == others


def test_a_claim_that_was_lost_to_another_tick_after_its_answer_is_not_ours(store: Store) -> None:
    store.keep(3)
    store.faulty.fault("cut", match=TRANSACTION, count=1)
    taken: list[Entry] = []
    # Our lease has ended before we came to read what stands there.
    store.meanwhile(
        lambda: taken.extend(store.sure.agenda.claim([claimed(due, "another tick") for due in store.due()[:1]])),
        before="?$filter",
    )

    ours = store.shaky.agenda.claim([claimed(due, "me") for due in store.due()])

    assert ids(ours) == ids(store.due()[1:])
    assert store.due()[:1] == taken


def test_a_schedule_stopped_after_the_lost_answer_of_its_claim_is_not_ours(store: Store) -> None:
    kept = store.keep(3)
    store.faulty.fault("cut", match=TRANSACTION, count=1)
    store.meanwhile(lambda: store.sure.manage.stop(kept[0].id, NOW), before="?$filter")

    ours = store.shaky.agenda.claim([claimed(due, "me") for due in store.due()])

    assert ids(ours) == sorted(schedule.id for schedule in kept[1:])
    assert store.disagreements() == []


def test_a_claim_that_storage_refuses_for_long_is_nobodys(store: Store) -> None:
    store.keep(3)
    before = store.rows()
    store.faulty.fault("refuse", match=TRANSACTION)

    try:
        ours = store.shaky.agenda.claim([claimed(due, "me") for due in store.due()])
    except StorageError:
        ours = []

    assert ours == []
    assert store.rows() == before


def won_all(store: Store, count: int) -> list[Entry]:
    store.keep(count)
    return store.sure.agenda.claim([claimed(due) for due in store.due()])


def free(due: Entry) -> Entry:
    return saying(due, claim=None, not_before=TEN + timedelta(minutes=1), last_error="Sense can't be reached.")


def test_what_is_given_back_is_free_and_can_be_claimed(store: Store, trouble: Callable[..., None]) -> None:
    won = won_all(store, 4)
    # The transaction of all, and the first of those for each alone.
    trouble(2)

    given = given_back(store, [free(due) for due in won])

    assert given == store.due()
    assert {due.claim for due in given} == {None}
    assert len(store.sure.agenda.claim([claimed(due, "another tick") for due in given])) == 4


def given_back(store: Store, returned: list[Entry]) -> list[Entry]:
    """Give back as a tick does, which tries again after a StorageError."""
    try:
        return store.shaky.agenda.give_back(returned)
    except StorageError:
        return store.shaky.agenda.give_back(returned)


def test_what_another_tick_has_claimed_after_the_lost_answer_is_not_given_back(store: Store) -> None:
    won = won_all(store, 3)
    store.faulty.fault("cut", match=TRANSACTION, count=1)
    taken: list[Entry] = []

    def take() -> None:
        taken.extend(store.sure.agenda.claim([claimed(store.due()[0], "another tick")]))

    store.meanwhile(take)

    assert ids(store.shaky.agenda.give_back([free(due) for due in won])) == ids(won[1:])
    assert store.due()[:1] == taken


def test_entries_are_moved_exactly_once(store: Store, trouble: Callable[..., None]) -> None:
    *going_on, ending, lost = won_all(store, 5)
    store.remove(f"schedule:{lost.schedule_id}")
    ends = replace(dealt_with(ending), next_instant=None, problem="It ends.")
    trouble(2)

    moved = store.shaky.agenda.advance([ends, *(dealt_with(due) for due in [*going_on, lost])])

    assert sorted(moved, key=lambda due: due.schedule_id) == store.due()
    assert {(due.schedule_id, due.due_at, due.seq) for due in moved} == {
        (due.schedule_id, ELEVEN, 1) for due in going_on
    }
    assert store.sure.manage.one(ending.schedule_id).problem == "It ends."
    assert store.rows(lost.schedule_id) == {}
    assert store.disagreements() == []
    assert ids(store.sure.agenda.claim([claimed(due, "another tick") for due in moved])) == ids(going_on)


@pytest.mark.parametrize("write", ["stop", "delete"])
def test_what_is_taken_away_after_the_lost_answer_of_its_move_stays_away(store: Store, write: str) -> None:
    won = won_all(store, 3)
    gone = won[1].schedule_id
    after: dict[str, Row] = {}

    def take_away() -> None:
        getattr(store.sure.manage, write)(gone, NOW)
        after.update(store.rows(gone))

    store.faulty.fault("cut", match=TRANSACTION, count=1)
    store.meanwhile(take_away)

    moved = store.shaky.agenda.advance([dealt_with(due) for due in won])

    assert ids(moved) == ids([won[0], won[2]])
    assert store.rows(gone) == after
    assert store.disagreements() == []


def test_a_move_that_storage_refuses_for_long_is_told_and_can_be_made_later(store: Store) -> None:
    endings = [dealt_with(due) for due in won_all(store, 2)]
    before = store.rows()
    store.faulty.fault("refuse", match=TRANSACTION)

    with pytest.raises(StorageError):
        store.shaky.agenda.advance(endings)

    assert store.rows() == before
    store.faulty.no_faults()
    assert len(store.shaky.agenda.advance(endings)) == 2
    assert store.disagreements() == []


def test_runs_are_recorded_once(store: Store, trouble: Callable[..., None]) -> None:
    runs = [a_run(due) for due in won_all(store, 3)]
    trouble()

    try:
        store.shaky.history.record(runs)
    except StorageError:
        store.shaky.history.record(runs)

    assert [store.sure.history.newest(run.schedule_id, 1, 10) for run in runs] == [[run] for run in runs]


# --- a writer


@dataclass(frozen=True, kw_only=True)
class Write:
    """What somebody does to a schedule that stands at `begin`, and in which state it is told to be then."""

    begin: str
    do: Callable[[ManageSchedules, str], Schedule | None]
    end: str | None


WRITES = {
    "start": Write(begin="stopped", do=lambda manage, key: manage.activate(key, NOW), end="started"),
    "stop": Write(begin="started", do=lambda manage, key: manage.stop(key, NOW), end="stopped"),
    "rename": Write(
        begin="started", do=lambda manage, key: manage.replace(key, definition(name="Renamed"), NOW), end="started"
    ),
    "replan": Write(
        begin="started", do=lambda manage, key: manage.replace(key, definition(cron="7 * * * *"), NOW), end="started"
    ),
    "replan what is due": Write(
        begin="started",
        do=lambda manage, key: manage.replace(key, definition(cron="7 * * * *"), TEN + timedelta(seconds=5)),
        end="started",
    ),
    "delete": Write(begin="started", do=lambda manage, key: manage.delete(key, NOW), end=None),
}


def begun(store: Store) -> dict[str, str]:
    """Keep a schedule for each write, and return their ids by its name."""
    return {name: store.keep(1, startup_state=write.begin)[0].id for name, write in WRITES.items()}


def ends(store: Store, schedules: dict[str, str]) -> dict[str, Schedule | None]:
    found = {schedule.id: as_told(schedule) for schedule in store.sure.manage.all()}
    return {name: found.get(key) for name, key in schedules.items()}


def as_told(told: Schedule | None) -> Schedule | None:
    return replace(told, etag="", left_out=()) if told else None


def test_a_writer_is_told_what_stands_there(store: Store, trouble: Callable[..., None]) -> None:
    schedules, told = begun(store), {}
    for name, write in WRITES.items():
        trouble()
        told[name] = as_told(write.do(store.shaky.manage, schedules[name]))

    stands = ends(store, schedules)
    assert told == stands
    assert {name: kept.state if kept else None for name, kept in stands.items()} == {
        name: write.end for name, write in WRITES.items()
    }
    assert store.disagreements() == []


def test_a_schedule_is_told_if_it_was_made_and_only_then(store: Store, trouble: Callable[..., None]) -> None:
    made = []
    for state in ("started", "stopped"):
        trouble()
        with suppress(StorageError):
            made.append(store.shaky.manage.create(definition(startup_state=state), NOW))

    assert {kept.id: replace(kept, etag="") for kept in store.sure.manage.all()} == {kept.id: kept for kept in made}
    assert store.disagreements() == []


def test_a_writer_who_never_gets_an_answer_is_told_what_stands_there(store: Store) -> None:
    schedules = begun(store)
    store.faulty.fault("cut", match=TRANSACTION)

    told = {name: as_told(write.do(store.shaky.manage, schedules[name])) for name, write in WRITES.items()}

    assert told == ends(store, schedules)
    assert store.disagreements() == []


def test_a_writer_whom_storage_refuses_is_told_so_and_nothing_changes(store: Store) -> None:
    [schedule] = store.keep(1)
    before = store.rows()
    store.faulty.fault("refuse", match=TRANSACTION)

    with pytest.raises(StorageError, match="gave no answer"):
        store.shaky.manage.stop(schedule.id, NOW)

    assert store.rows() == before


def test_a_caller_whom_storage_refuses_has_made_nothing(store: Store) -> None:
    store.faulty.fault("refuse", match=TRANSACTION)

    with pytest.raises(StorageError, match="gave no answer"):
        store.shaky.manage.create(definition(), NOW)

    assert store.rows() == {}


def test_a_writer_without_storage_is_told_so(store: Store) -> None:
    [schedule] = store.keep(1)
    store.faulty.fault("refuse")

    with pytest.raises(StorageError, match="gave no answer"):
        store.shaky.manage.stop(schedule.id, NOW)


@pytest.mark.parametrize(("kind", "made"), [("cut", 1), ("refuse", 0)])
def test_a_caller_is_told_when_nobody_knows_whether_a_schedule_was_made(store: Store, kind: Kind, made: int) -> None:
    store.sure.manage.all()
    store.faulty.fault(kind, match=TRANSACTION)
    written = count()
    # From the first transaction on no look tells what stands there.
    store.faulty.fault("refuse", match=lambda request: "schedule" in request.path and next(written) > 0)

    with pytest.raises(OutcomeUnknown, match=r"^outcome unknown: .*\?id=[0-9a-f-]{36}: look there"):
        store.shaky.manage.create(definition(), NOW)

    assert len(store.sure.manage.all()) == made


def test_storage_that_is_away_has_surely_made_nothing(store: Store) -> None:
    store.faulty.fault("refuse")

    with pytest.raises(StorageError) as caught:
        store.shaky.manage.create(definition(), NOW)

    assert not isinstance(caught.value, OutcomeUnknown)
    assert [path for _, path, _ in store.faulty.requests if TRANSACTION in path] == []


def test_what_storage_has_not_written_yet_when_we_look_may_still_come(store: Store) -> None:
    store.faulty.fault("refuse", match=TRANSACTION)

    with pytest.raises(OutcomeUnknown):
        store.shaky.manage.create(definition(), NOW)


def test_a_bug_in_the_midst_of_making_a_schedule_is_no_reason_to_make_it_again(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(ScheduleStore):
        def apply(self, change: Change) -> None:
            raise KeyError(change)

    kept = Broken(table=store.sure.schedules.table, history=store.sure.history)
    manage = replace(store.sure.manage, schedules=kept)

    with pytest.raises(OutcomeUnknown, match="Footman failed; its log tells why"):
        manage.create(definition(), NOW)
    assert "KeyError" in caplog.text


def test_an_occurrence_that_is_left_out_is_told_once(store: Store, trouble: Callable[..., None]) -> None:
    [schedule] = store.keep(1)
    trouble(match="history")

    store.shaky.manage.stop(schedule.id, TEN + timedelta(seconds=5))

    [run] = store.sure.manage.runs(schedule.id, 10)
    assert (run.due, run.outcome, run.missed_count) == (TEN, RunOutcome.MISSED, 1)
    assert store.disagreements() == []


def test_what_history_did_not_take_is_told_by_the_schedule_until_it_does(store: Store) -> None:
    [schedule] = store.keep(1)
    store.faulty.fault("refuse", match=lambda request: "history" in request.path)

    assert store.shaky.manage.stop(schedule.id, TEN + timedelta(seconds=5)).state == "stopped"
    assert store.rows(f"{schedule.id}:") == {}
    [run] = store.sure.manage.runs(schedule.id, 10)
    assert (run.due, run.outcome, run.missed_count) == (TEN, RunOutcome.MISSED, 1)

    store.sure.daily.run(TEN + timedelta(hours=1))
    assert len(store.rows(f"{schedule.id}:")) == 1
    kept = store.sure.manage.one(schedule.id)
    assert (kept.left_out, kept.last_run) == ((), run)
    assert store.sure.manage.runs(schedule.id, 10) == [run]


def test_what_was_told_is_taken_out_though_others_change_the_schedule_meanwhile(store: Store) -> None:
    [schedule] = store.keep(1)
    store.meanwhile(lambda: DO["start"](store.sure.manage, schedule.id), before="history")

    store.shaky.manage.stop(schedule.id, TEN + timedelta(seconds=5))

    [row] = store.rows(f"schedule:{schedule.id}").values()
    assert (row["state"], row["leftOut"]) == ("started", "")
    assert len(store.rows(f"{schedule.id}:")) == 1


def test_a_writer_who_comes_again_tells_what_the_first_try_left_out(store: Store) -> None:
    [schedule] = store.keep(1)
    store.faulty.fault("refuse", match=lambda request: "history" in request.path)
    store.shaky.manage.stop(schedule.id, TEN + timedelta(seconds=5))

    store.sure.manage.stop(schedule.id, TEN + timedelta(seconds=9))

    assert len(store.rows(f"{schedule.id}:")) == 1


def test_a_delete_whose_answer_got_lost_is_a_success_and_the_next_one_is_not(store: Store) -> None:
    [schedule] = store.keep(1)
    store.faulty.fault("cut", match=TRANSACTION, count=1)

    store.shaky.manage.delete(schedule.id, NOW)

    with pytest.raises(CallerError, match="not found"):
        store.shaky.manage.delete(schedule.id, NOW)


@pytest.mark.parametrize("act", ["activate_all", "stop_all"])
def test_all_schedules_are_changed_in_spite_of_it(store: Store, trouble: Callable[..., None], act: str) -> None:
    store.keep(6, startup_state="stopped" if act == "activate_all" else "started")
    trouble()

    told = getattr(store.shaky.manage, act)(NOW)

    assert {schedule.state for schedule in told} == {"started" if act == "activate_all" else "stopped"}
    assert len(told) == 6
    assert len(store.sure.agenda.until(FAR_AWAY)) == (6 if act == "activate_all" else 0)
    assert store.disagreements() == []


# --- once a day


def test_what_is_gone_is_forgotten_and_the_rest_is_mended(store: Store, trouble: Callable[..., None]) -> None:
    gone, lost = store.keep(2)
    store.sure.history.record([a_run(due) for due in store.due()])
    store.sure.manage.delete(gone.id, NOW)
    store.remove(f"due:2026-11-22T10:00:00Z:{lost.id}")
    trouble()

    try:
        store.shaky.daily.run(NOW + timedelta(hours=2))
    except StorageError:
        store.shaky.daily.run(NOW + timedelta(hours=2))

    assert store.rows(gone.id) == {}
    assert store.disagreements() == []


def test_a_mark_whose_removal_was_not_told_does_not_end_the_days_work(store: Store) -> None:
    gone, lost = store.keep(2)
    store.sure.manage.delete(gone.id, NOW)
    store.remove(f"due:2026-11-22T10:00:00Z:{lost.id}")
    store.faulty.fault("busy_after", match="gone:", count=1)

    store.shaky.daily.run(NOW + timedelta(hours=2))

    assert store.rows(gone.id) == {}
    assert store.disagreements() == []
