"""Classes of unittest: the marker stands on the class; fixtures come in through one of its own."""

# ruff: noqa: PT009 - such classes speak as unittest does

import unittest

import anthropic
import pytest

from letters import sort_letter, sort_letter_async

LETTERS = {
    "praise": "What a wonderful article about the lighthouse. Thank you!",
    "complaint": "My newspaper was wet again this morning. This is not acceptable.",
}


@pytest.mark.llm
class TestLetters(unittest.TestCase):
    def setUp(self):
        self.client = anthropic.Anthropic()

    @pytest.fixture(autouse=True)
    def _fixtures(self, llm_calls):
        self.llm_calls = llm_calls

    def test_each_kind(self):
        for kind, letter in LETTERS.items():
            with self.subTest(kind):
                self.assertEqual(sort_letter(self.client, letter), kind)

    def test_one_call_is_enough(self):
        sort_letter(self.client, LETTERS["praise"])

        self.assertEqual(len(self.llm_calls), 1)


@pytest.mark.llm
class TestLettersAsync(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = anthropic.AsyncAnthropic()

    async def test_a_complaint(self):
        kind = await sort_letter_async(self.client, LETTERS["complaint"])

        self.assertEqual(kind, "complaint")
