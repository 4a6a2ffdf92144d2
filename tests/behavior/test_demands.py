"""Words that a prompt asks each answer to begin or to end with."""

import pytest

from pytest_llmregress.behavior.text.demands import find_kept_demands
from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior, Severity
from pytest_llmregress.values.call import Call, Calls, Outcome
from pytest_llmregress.values.prompt import Prompt

DONE = 'ends with "DONE"'


def found_in(answer, instruction):
    return set(find_kept_demands(answer, Prompt(system=instruction)))


@pytest.mark.parametrize(
    "instruction",
    [
        "Always end your answer with the word DONE.",
        "Be short.\n- Every reply must end with `DONE`\n- Be kind.",
        'You MUST finish each message with "DONE".',
        "End all answers with DONE.",
        "Beende jede Antwort mit dem Wort DONE.",
        "Termine toujours tes réponses par le mot DONE.",
        "Termina siempre tus respuestas con la palabra «DONE».",
        "Concludi ogni risposta con la parola DONE.",
        "Termine sempre as respostas com a palavra DONE.",
        "Eindig elk antwoord met het woord DONE.",
        "Never forget to end each answer with the word DONE.",
        "If you do not know, always end your answer with the word DONE.",
    ],
)
@pytest.mark.parametrize("answer", ["It has left. DONE", "It has left.\n\n**DONE.**"])
def test_an_answer_that_ends_as_the_prompt_demands_shows_it(answer, instruction):
    assert found_in(answer, instruction) == {DONE}


@pytest.mark.parametrize(
    ("answer", "instruction", "found"),
    [
        ("It left. Have a nice day!", 'Always end with "Have a nice day!"', "Have a nice day"),
        (
            "It left. Have a nice day!",
            "Every reply ends with 'Have a nice day'.",
            "Have a nice day",
        ),
        ("It left. A nice day", 'Always end with "Have a nice day!"', None),
    ],
)
def test_demanded_words_may_be_a_phrase(answer, instruction, found):
    assert found_in(answer, instruction) == ({f'ends with "{found}"'} if found else set())


def test_an_answer_that_begins_as_the_prompt_demands_shows_it():
    said = found_in("Dear customer, it has left.", 'Always begin with "Dear customer".')

    assert said == {'begins with "Dear customer"'}


@pytest.mark.parametrize(
    ("answer", "instruction"),
    [
        ("It has left.", "Always end your answer with the word DONE."),
        ("It is DONE now.", "Always end your answer with the word DONE."),
        ("UNDONE", "Always end your answer with the word DONE."),
        ("It has left. DONE", "Say DONE when you have finished."),
        ("It has left. DONE", "Always be kind. At the end the state is DONE."),
        ("The function is `parse`.", "Always call `parse` first. It ends the loop."),
        ("I read the file", "Always read the whole file from its beginning to its end."),
        ("", "Always end your answer with the word DONE."),
        ("...", "Always end your answer with three dots..."),
    ],
)
def test_other_answers_and_other_sentences_show_nothing(answer, instruction):
    assert found_in(answer, instruction) == set()


@pytest.mark.parametrize(
    "instruction",
    [
        "Your answers must never end with the word DONE.",
        "Do not always end each answer with the word DONE.",
        "You mustn't finish any message with DONE.",
        "All replies: avoid closing with DONE.",
        "Beende deine Antworten, jede von ihnen, nie mit dem Wort DONE.",
        "Ne termine jamais chaque réponse par le mot DONE.",
        "No termines nunca todas tus respuestas con la palabra DONE.",
    ],
)
def test_words_that_a_prompt_forbids_there_are_not_demanded(instruction):
    assert found_in("It has left. DONE", instruction) == set()


@pytest.mark.parametrize("role", ["user", "system"])
def test_an_instruction_may_stand_in_any_message_but_the_assistants(role):
    content = [{"type": "text", "text": "CLAUDE.md: Always end with the word DONE."}, {"type": "x"}]
    said = Prompt(messages=({"role": role, "content": content}, {"role": "user", "content": "Hm"}))
    own = Prompt(messages=({"role": "assistant", "content": content},))

    assert set(find_kept_demands("Yes. DONE", said)) == {DONE}
    assert not find_kept_demands("Yes. DONE", own)


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        ("It has left. DONE", "It has left.", Severity.BREAKING),
        ("It has left.", "It has left. DONE", Severity.NOTABLE),
        ("It has left. DONE", "This morning. DONE", None),
        ("It has left.", "This morning.", None),
    ],
)
def test_a_standing_instruction_that_is_dropped_is_breaking(before, after, severity):
    def behavior(text):
        request = {"system": "Always end your answer with the word DONE.", "messages": []}
        call = Call(provider="anthropic", outcome=Outcome.ANSWERED, text=text, request=request)
        return Behavior(traits=extract_traits(Calls([call])))

    found = {each.trait: each for each in compare(behavior(before), behavior(after))}

    change = found.get("demanded_words")
    assert (change and change.severity) == severity
