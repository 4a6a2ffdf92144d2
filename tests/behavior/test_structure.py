"""How a text is built, and whether it reasons."""

import pytest

from pytest_llmregress.behavior.text.structure import describe_structure, reasoning


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        ("Paris.", set()),
        ("## Result\n\nParis.", {"headings"}),
        ("- a\n- b", {"bullet list"}),
        ("- a lone dash", set()),
        ("1. a\n2. b", {"numbered list"}),
        ("In 1999. It was so.", set()),
        ("| a | b |\n|---|---|\n| 1 | 2 |", {"table"}),
        ("a | b\n\nand so on | ---", set()),
        ("It is **Paris**.", {"bold"}),
        ("`2**3 + 2**4`", set()),
        ("Is it Paris?", {"ends with a question"}),
        ("Is it? Yes.", set()),
        ("```python\nx = 1\n```", {"fenced"}),
        ("```text\nIs it?\n```", {"fenced"}),
        ("def f():\n    # a\n    return 1", set()),
        ('{"a": "**b**"}', set()),
        ("Sure! It is Paris.", {"preamble"}),
        ("Sure!", set()),
        ("Great analogy! It is so.", {"preamble"}),
        ("Great Britain is an island.", set()),
        ("Here is the list: a, b.", {"preamble"}),
        ("Based on the results, here's the weather: fine.", {"preamble"}),
        ("Let me look.Here is what I found: nothing.", {"preamble"}),
        ("¡Por supuesto! Es París.", {"preamble"}),
        ("Gerne! Es ist Paris.", {"preamble"}),
        ("Voici la liste : a.", {"preamble"}),
        ("You're absolutely right! The second plan is better.", {"preamble"}),
        ("Good catch! The port is 8080.", {"preamble"}),
        ("Sie haben völlig recht. Der Port ist 8080.", {"preamble"}),
        ("You are right of the door.", set()),
        ("Here is the function, it adds two numbers: f(a, b).", set()),
        ("Hier ist die Funktion, sie addiert zwei Zahlen: f(a, b).", set()),
        ("Here is the list, sorted by date: a, b.", {"preamble"}),
        ("It is Paris. Let me know if you need more.", {"postamble"}),
        ("It is Paris. Would you like more?", {"postamble", "ends with a question"}),
        ("Es ist Paris. Melden Sie sich gerne.", {"postamble"}),
        ("Let me know when you are there.", set()),
    ],
)
def test_the_elements_of_a_text_are_named(text, found):
    assert describe_structure(text) == found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[No]", "none"),
        ("The refund is on its way, since the lid was broken.", "none"),
        ("1. Open the settings.\n2. Click on Save.", "none"),
        ("Step 1: Open the settings.\nStep 2: Click on Save.", "none"),
        ("7 * 3 = 21, because 7 + 7 + 7 = 21. Therefore, the answer is 21.", "prose"),
        ("We check whether 2 divides 21. Since it is odd, it does not.", "prose"),
        ("1. We check 2. Since 21 is odd, no.\n2. Next, we check 3: 21 / 3 = 7.\n\n[No]", "steps"),
        ("Step 1: Check 2.\nStep 2: Check 3: 21 / 3 = 7.\nAnswer: [No]", "steps"),
        ("Daher ist 21 keine Primzahl, weil 21 / 3 = 7.", "prose"),
    ],
)
def test_working_towards_an_answer_is_reasoning_and_instructions_are_not(text, kind):
    assert reasoning(text) == kind
