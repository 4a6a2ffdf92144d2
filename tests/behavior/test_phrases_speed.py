"""A hostile text of 50 KB, or of 1 MB, is read in linear time, whatever it repeats."""

import subprocess
import sys

import pytest

PIECES = (
    *(
        "a",
        "1",
        "1,",
        "1 ",
        "1:1",
        "1/1/",
        "2025-",
        "May ",
        "https://",
        "www.a.",
        "**a",
        "__a ",
        "|-",
    ),
    *("[1]", "(", "# a\n", "1. a\n", "- a\n", "\n", " ", "\t", "?", "1 + ", "so it ", "Step 1"),
    *("i'm sorry ", "i'm sorry, ", "as an ai, ", "but ", "while ", "sure ", "here's ", "let me "),
    *("i cannot ", "no puedo ", "je ne peux ", "ich kann ", "我无法", "upgrade to ", "if you "),
    *("please contact our ", "i'll transfer a ", "\ud800", "\u00a0", "1\u00a0"),
    *(
        "не могу ",
        "ません",
        "できません",
        "수 없",
        "لا يمكنني ",
        "nie mogę ",
        "kan ik niet ",
        "yapamam ",
    ),
    *(
        "i can't a ",
        "because ",
        "dear ",
        '"',
        "«",
        ", a ",
        "as it ",
        "サポート",
        "请联系",
        "our team ",
    ),
)
PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from pytest_llmregress.values.call import Call, Calls, Outcome
from pytest_llmregress.behavior.text.deflections import find_deflections
from pytest_llmregress.behavior.text.language import language_of
from pytest_llmregress.behavior.text.refusals import find_refusal
from pytest_llmregress.behavior.traits import extract_traits

for start in ("", "I'm sorry, but "):
    text = (start + {piece!r} * 50_000)[:50_000]
    request = {{"messages": [{{"role": "user", "content": text}}]}}
    call = Call(provider="x", outcome=Outcome.ANSWERED, text=text, request=request)
    extract_traits(Calls([call]))
    long = (start + {piece!r} * 1_000_000)[:1_000_000]
    find_refusal(long), find_deflections(long, question=long), language_of(long)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of CPU time")
@pytest.mark.parametrize("pieces", [PIECES[start::4] for start in range(4)], ids=range(4))
def test_no_repeated_piece_of_text_blows_a_pattern_up(pieces):
    """A pattern that backtracks takes hours for such a text: the limit is far from both."""
    program = "\n".join(PROGRAM.format(piece=piece) for piece in pieces)

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
