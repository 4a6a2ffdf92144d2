"""Tests of the tape: each recorded answer is given once, and each request is accounted for."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import pytest

from patience import PATIENCE
from pytest_llmregress.recording.cassette_session import (
    CassetteSession,
    Exchange,
    Miss,
    MissReason,
    SampleMode,
)
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
CREDENTIALS = Request(method="POST", url="https://oauth2.googleapis.com/token")
THREADS = 16
EACH = 50


class MissedError(Exception):
    """What the tests raise for a miss."""

    def __init__(self, miss: Miss) -> None:
        super().__init__(miss.reason)
        self.miss = miss


def fail(miss: Miss) -> NoReturn:
    raise MissedError(miss)


def post(question: str = "Hello", **changes: Any) -> Request:
    fields: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "body": json.dumps({"model": "claude-opus-5", "messages": [question]}).encode(),
    }
    return Request(**{**fields, **changes})


def said(answer: str) -> Response:
    return Response(status=200, body=answer.encode())


def recorded(*pairs: tuple[str, str]) -> list[Interaction]:
    return [
        Interaction(request=post(question), response=said(answer)) for question, answer in pairs
    ]


def tape_of(
    mode: SampleMode = SampleMode.REPLAY,
    recorded: Iterable[Interaction] | None = (),
    on_miss: Callable[[Miss], NoReturn] = fail,
    redactor: Redactor | None = None,
) -> CassetteSession:
    return CassetteSession(
        mode=mode,
        recorded=None if recorded is None else list(recorded),
        redactor=redactor or Redactor(),
        on_miss=on_miss,
    )


def answer_to(exchange: Exchange) -> str:
    assert exchange.interaction is not None
    return exchange.interaction.response.body.decode()


def ask(tape: CassetteSession, question: str = "Hello", *, retry: bool = False) -> str:
    return answer_to(tape.ask(post(question), retry=retry))


def missed(tape: CassetteSession, request: Request) -> Miss:
    with pytest.raises(MissedError) as caught:
        tape.ask(request, retry=False)
    return caught.value.miss


def in_threads(work: Callable[[int], None]) -> None:
    """Run it in all threads at once; raise what one of them raised."""
    barrier = threading.Barrier(THREADS)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait(timeout=PATIENCE)
            work(number)
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)


# --- replay ----------------------------------------------------------------------------------


def test_identical_requests_get_their_answers_in_recorded_order():
    tape = tape_of(recorded=recorded(("a", "1"), ("b", "2"), ("a", "3")))

    assert [ask(tape, "a"), ask(tape, "a"), ask(tape, "b")] == ["1", "3", "2"]
    assert tape.unplayed == ()


def test_different_requests_may_come_in_any_order():
    tape = tape_of(recorded=recorded(("a", "1"), ("b", "2"), ("c", "3")))

    assert [ask(tape, "c"), ask(tape, "a"), ask(tape, "b")] == ["3", "1", "2"]


def test_what_was_not_asked_for_is_unplayed_in_recorded_order():
    interactions = recorded(("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"))
    tape = tape_of(recorded=interactions)
    ask(tape, "a")

    assert tape.unplayed == tuple(interactions[1:])


def test_threads_that_ask_the_same_get_each_answer_exactly_once():
    number = THREADS * EACH
    tape = tape_of(recorded=recorded(*(("Hello", str(index)) for index in range(number))))
    heard: list[str] = []

    in_threads(lambda _: heard.extend(ask(tape) for _ in range(EACH)))

    assert Counter(heard) == Counter(map(str, range(number)))
    assert tape.unplayed == ()
    assert len(tape.exchanges) == len(tape.attempts) == number


def test_threads_that_ask_for_more_than_there_is_are_all_told():
    number = THREADS * EACH // 2
    tape = tape_of(recorded=recorded(*(("Hello", str(index)) for index in range(number))))
    heard: list[str] = []
    reasons: list[MissReason] = []

    def work(_: int) -> None:
        for _ in range(EACH):
            try:
                heard.append(ask(tape))
            except MissedError as miss:
                reasons.append(miss.miss.reason)

    in_threads(work)

    assert Counter(heard) == Counter(map(str, range(number)))
    assert reasons == [MissReason.ALREADY_PLAYED] * number
    assert len(tape.misses) == number


# --- misses ----------------------------------------------------------------------------------


def test_without_a_cassette_nothing_is_found():
    miss = missed(tape_of(recorded=None), post())

    assert miss == Miss(reason=MissReason.CASSETTE_NOT_FOUND, request=post(), times_recorded=0)


def test_in_an_empty_cassette_nothing_matches():
    assert missed(tape_of(recorded=()), post()).reason is MissReason.NO_MATCH


def test_a_request_that_was_never_recorded_does_not_match():
    tape = tape_of(recorded=recorded(("a", "1")))

    miss = missed(tape, post("b"))

    assert (miss.reason, miss.times_recorded) == (MissReason.NO_MATCH, 0)
    assert tape.misses == (miss,)
    assert len(tape.unplayed) == 1


def test_an_answer_is_not_given_a_second_time():
    tape = tape_of(recorded=recorded(("a", "1"), ("a", "2")))
    ask(tape, "a")
    ask(tape, "a")

    miss = missed(tape, post("a"))

    assert (miss.reason, miss.times_recorded) == (MissReason.ALREADY_PLAYED, 2)


@pytest.mark.parametrize("cassette", [None, (), recorded(("a", "1"))])
def test_credentials_are_never_replayed(cassette: list[Interaction] | None):
    assert missed(tape_of(recorded=cassette), CREDENTIALS).reason is MissReason.CREDENTIALS


def test_credentials_are_not_replayed_even_where_a_cassette_holds_them():
    edited = Interaction(request=CREDENTIALS, response=said("a token"))

    assert missed(tape_of(recorded=[edited]), CREDENTIALS).reason is MissReason.CREDENTIALS


def test_a_miss_shows_the_request_without_its_secrets():
    redactor = Redactor.of_environment({"API_KEY": "hunter2hunter2"})
    request = post("hunter2hunter2", headers={"x-api-key": ("hunter2hunter2",)})

    miss = missed(tape_of(redactor=redactor), request)

    assert "hunter2" not in repr(miss)


# --- recording -------------------------------------------------------------------------------


def test_what_is_recorded_comes_back():
    tape = tape_of(SampleMode.RECORD, None)
    exchange = tape.ask(post("a"), retry=False)

    assert exchange.interaction is None

    tape.answer(exchange, said("1"))

    (kept,) = tape.attempts
    assert kept.interaction is not None
    assert (kept.interaction.request, kept.interaction.response) == (post("a"), said("1"))
    assert kept.interaction.latency is not None
    assert not kept.played


def test_a_new_recording_never_answers_from_the_old_one():
    tape = tape_of(SampleMode.RECORD, recorded(("a", "1")))

    assert tape.ask(post("a"), retry=False).interaction is None
    assert tape.misses == ()


def test_an_extension_answers_what_is_recorded_and_lets_the_rest_out():
    tape = tape_of(SampleMode.EXTEND, recorded(("a", "1")))
    old, new = tape.ask(post("a"), retry=False), tape.ask(post("b"), retry=False)
    again = tape.ask(post("a"), retry=False)

    assert (old.played, new.played, again.played) == (True, False, False)
    assert answer_to(old) == "1"
    assert new.interaction is None
    assert tape.misses == ()


def test_nothing_secret_is_taken_down():
    redactor = Redactor.of_environment({"API_KEY": "hunter2hunter2"})
    tape = tape_of(SampleMode.RECORD, None, redactor=redactor)
    request = post("hunter2hunter2", headers={"authorization": ("Bearer x",)})
    exchange = tape.ask(request, retry=False)
    tape.answer(
        exchange, Response(status=200, headers={"set-cookie": ("x",)}, body=b"hunter2hunter2")
    )

    assert exchange.interaction is not None
    assert exchange.interaction.request.headers == exchange.interaction.response.headers == {}
    assert "hunter2" not in repr(tape.exchanges)


def test_threads_that_record_lose_nothing_and_mix_nothing_up():
    tape = tape_of(SampleMode.RECORD, None)

    def work(number: int) -> None:
        for index in range(EACH):
            exchange = tape.ask(post("Hello"), retry=False)
            tape.answer(exchange, said(f"{number}.{index}"))

    in_threads(work)

    heard = [answer_to(exchange) for exchange in tape.attempts]
    assert Counter(heard) == Counter(f"{n}.{i}" for n in range(THREADS) for i in range(EACH))


def test_answers_that_come_in_another_order_stay_with_their_requests():
    tape = tape_of(SampleMode.RECORD, None)
    first, second = tape.ask(post("a"), retry=False), tape.ask(post("b"), retry=False)
    tape.answer(second, said("2"))
    tape.answer(first, said("1"))

    assert [answer_to(exchange) for exchange in tape.attempts] == ["1", "2"]


def test_the_exchange_of_credentials_is_seen_and_not_kept():
    tape = tape_of(SampleMode.RECORD, None)
    tape.answer(tape.ask(CREDENTIALS, retry=False), said("a token"))
    tape.answer(tape.ask(post("a"), retry=False), said("1"))

    assert [answer_to(exchange) for exchange in tape.attempts] == ["1"]
    assert len(tape.exchanges) == 2


# --- retries ---------------------------------------------------------------------------------


def test_of_several_attempts_the_last_counts():
    tape = tape_of(SampleMode.RECORD, None)
    tape.answer(tape.ask(post("a"), retry=False), Response(status=529))
    tape.answer(tape.ask(post("b"), retry=False), said("2"))
    tape.answer(tape.ask(post("a"), retry=True), Response(status=500))
    tape.answer(tape.ask(post("a"), retry=True), said("1"))

    assert [answer_to(exchange) for exchange in tape.attempts] == ["2", "1"]
    assert len(tape.exchanges) == 4


def test_the_same_request_again_is_no_retry_unless_the_client_says_so():
    tape = tape_of(SampleMode.RECORD, None)
    tape.answer(tape.ask(post("a"), retry=False), said("1"))
    tape.answer(tape.ask(post("a"), retry=False), said("2"))

    assert [answer_to(exchange) for exchange in tape.attempts] == ["1", "2"]


def test_a_retry_of_the_second_of_two_equal_requests_leaves_the_first_alone():
    tape = tape_of(SampleMode.RECORD, None)
    tape.answer(tape.ask(post("a"), retry=False), said("1"))
    tape.answer(tape.ask(post("a"), retry=False), Response(status=529))
    tape.answer(tape.ask(post("a"), retry=True), said("2"))

    assert [answer_to(exchange) for exchange in tape.attempts] == ["1", "2"]


def test_a_retry_of_one_of_two_equal_requests_in_flight_never_drops_an_answer():
    tape = tape_of(SampleMode.RECORD, None)
    failing, good = tape.ask(post("a"), retry=False), tape.ask(post("a"), retry=False)
    tape.answer(good, said("1"))
    tape.answer(failing, Response(status=529))
    tape.answer(tape.ask(post("a"), retry=True), said("2"))

    assert sorted(answer_to(exchange) for exchange in tape.attempts) == ["1", "2"]


def test_a_retry_whose_first_attempt_was_not_seen_counts():
    tape = tape_of(SampleMode.RECORD, None)
    tape.answer(tape.ask(post("a"), retry=True), said("1"))

    assert [answer_to(exchange) for exchange in tape.attempts] == ["1"]


def test_an_attempt_without_an_answer_is_replaced_by_its_retry():
    tape = tape_of(SampleMode.RECORD, None)
    tape.ask(post("a"), retry=False)
    tape.answer(tape.ask(post("a"), retry=True), said("1"))

    assert [answer_to(exchange) for exchange in tape.attempts] == ["1"]


# --- by bytes, and by keys -------------------------------------------------------------------


def test_a_run_whose_answers_came_live_is_not_as_recorded():
    replayed, live, short, longer = (
        tape_of(SampleMode.EXTEND, recorded(("a", "1"))) for _ in "1234"
    )
    ask(replayed, "a")
    live.answer(live.ask(post("b"), retry=False), said("1"))
    ask(longer, "a")
    longer.answer(longer.ask(post("a"), retry=False), said("1"))

    assert replayed.is_as_recorded
    assert not any(tape.is_as_recorded for tape in (live, short, longer))


class Scanned(Redactor):
    """A redactor that counts what it is asked to clean."""

    def request(self, request: Request) -> Request:
        SCANNED.append(request)
        return super().request(request)


SCANNED: list[Request] = []


def test_a_replay_with_the_recorded_bytes_scans_and_parses_none_of_them():
    SCANNED.clear()
    tape = tape_of(recorded=recorded(("a", "1"), ("b", "2")), redactor=Scanned())

    assert [ask(tape, "b"), ask(tape, "a")] == ["2", "1"]
    assert SCANNED == []


def test_the_same_request_in_other_bytes_is_found_as_well_and_each_answer_given_once():
    tape = tape_of(recorded=recorded(("a", "1"), ("a", "2"), ("a", "3")))
    spaced = post("a", body=b'{"messages": [ "a" ], "model": "claude-opus-5"}')

    answers = [
        answer_to(tape.ask(request, retry=False)) for request in (post("a"), spaced, post("a"))
    ]

    assert answers == ["1", "2", "3"]
    assert missed(tape, spaced).times_recorded == 3


@pytest.mark.parametrize(
    "other",
    [
        post("a", method="PUT"),
        post("a", url=f"{URL}?after=1"),
        post("a", headers={"anthropic-beta": ("files-api-2025-04-14",)}),
    ],
    ids=["method", "query", "beta"],
)
def test_equal_bytes_of_another_request_are_no_match(other: Request):
    tape = tape_of(recorded=recorded(("a", "1")))

    assert missed(tape, other).reason is MissReason.NO_MATCH


def test_a_further_attempt_takes_the_place_of_one_that_was_found_by_its_bytes():
    failed = Interaction(request=post("a"), response=Response(status=529))
    tape = tape_of(recorded=[failed, *recorded(("a", "1"))])
    tape.ask(post("a"), retry=False)
    last = tape.ask(post("a"), retry=True)

    assert tape.attempts == (last,)
