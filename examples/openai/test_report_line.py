"""What a town expects of its report line, whichever provider's API it asks."""

import pytest

pytest.importorskip("openai", reason="needs pip install openai")

from report_line import act_on, read_report, sort_report, stream_answer

pytestmark = pytest.mark.llm

LAMP = "The street lamp in front of 12 Mill Lane has been dark for a week."
HOLE = "There is a deep hole in the road at 7 Station Road, a cyclist just fell into it!"
BINS = "The bins at 30 Harbour Street have not been emptied since Monday."


@pytest.mark.parametrize(
    ("report", "word"), [(HOLE, "road"), (BINS, "waste")], ids=["hole", "bins"]
)
def test_a_report_is_filed_under_one_word(report, word):
    assert sort_report(report) == word


def test_a_report_is_read_into_fields():
    place = read_report(LAMP)

    assert place["kind"] == "lighting"
    assert place["number"] == 12


def test_a_broken_lamp_sends_the_electricians(llm_calls):
    (order,) = act_on(LAMP)

    assert order["crew"] == "electricians"
    assert "Mill Lane" in order["street"]
    assert llm_calls.tools == ("order_work",)


def test_a_resident_hears_when_the_bins_are_emptied():
    answer = "".join(stream_answer("When are the bins of Harbour Street emptied?"))

    assert "Tuesday" in answer
