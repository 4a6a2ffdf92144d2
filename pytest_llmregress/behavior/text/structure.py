"""How a text is built: its Markdown, the talk around its answer, the reasoning before it."""

import re
from functools import lru_cache

from pytest_llmregress.behavior.text.text_facts import ParsedText, parse_text

MAX_READ = 100_000
"""Characters of a text that are looked at."""
MAX_EDGE = 400
"""Characters at the start and at the end of a text that talk around the answer may take."""
MIN_WORKING = 2
"""Signs of working from which on a text is said to reason."""

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*[-*+•–][ \t]+\S", re.MULTILINE)  # noqa: RUF001  # an en dash
_NUMBERED = re.compile(r"^[ \t]*(?:\*\*)?(\d{1,3})[.)](?:\*\*)?[ \t]+\S", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^\s*](?:[^*\n]{0,300}[^\s*])?\*\*|__[^\s_](?:[^_\n]{0,300}[^\s_])?__")
_QUESTION = re.compile(r"[?？؟][\s*_\"')\]»”\U0001f300-\U0001faff]*\Z")  # noqa: RUF001  # signs of Chinese and Arabic


def describe_structure(text: str | ParsedText) -> set[str]:
    """Return the elements that a text is built of, from a fixed list; of a program or JSON none."""
    return set(_describe((text if isinstance(text, str) else text.text)[:MAX_READ]))


@lru_cache(maxsize=16)
def _describe(text: str) -> frozenset[str]:
    found = parse_text(text)
    markdown = found.markdown
    items = [int(match[1]) for match in _NUMBERED.finditer(markdown)]
    plain = markdown.replace("’", "'").replace("*", "")  # noqa: RUF001  # this very sign
    elements = {
        "headings": "#" in markdown and _HEADING.search(markdown) is not None,
        "bullet list": _has_two(_BULLET, markdown),
        "numbered list": 1 in items or len(items) > 1,
        "table": _has_table(markdown),
        "bold": ("**" in markdown or "__" in markdown) and _BOLD.search(markdown) is not None,
        "fenced": bool(found.fences),
        "ends with a question": _ends_with_a_question(found.text, markdown),
        "preamble": _has_preamble(plain),
        "postamble": _has_postamble(plain),
    }
    return frozenset(name for name, is_there in elements.items() if is_there)


@lru_cache(maxsize=16)
def reasoning(prose: str) -> str:
    """Return how prose works towards its answer: in "steps", in "prose", or "none" at all.

    Instructions are no reasoning: a list of steps counts where something is worked out in it.
    """
    prose = prose[:MAX_READ].replace("’", "'")  # noqa: RUF001  # this very sign
    lower = prose.lower()  # patterns that ignore case take five times as long
    has_steps = _has_one(_SIGNS_OF_STEPS, lower) and _STEP.search(lower) is not None
    working = (
        _count(_INFERENCE, f"\n{lower}")
        + (_count(_EQUATION, prose) if "=" in prose else 0)
        + (2 * _count(_CUE, lower) if _has_one(_SIGNS_OF_CUES, lower) else 0)
        + has_steps
        + (":" in lower and _CONCLUSION.search(lower) is not None)
    )
    if working < MIN_WORKING:
        return "none"
    items = _count(_NUMBERED, prose)
    return "steps" if items >= MIN_WORKING or has_steps else "prose"


def _has_one(signs: tuple[str, ...], text: str) -> bool:
    return any(sign in text for sign in signs)


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))


def _has_two(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.finditer(text)
    return next(found, None) is not None and next(found, None) is not None


def _has_table(markdown: str) -> bool:
    """Say whether a row of dashes stands below a row of cells."""
    if "|" not in markdown:
        return False
    above = ""
    for line in markdown.split("\n"):
        row = line.strip()
        if "|" in above and "|" in row and "-" in row and not row.strip("|-: \t"):
            return True
        above = row
    return False


def _ends_with_a_question(text: str, markdown: str) -> bool:
    end = text.rstrip()[-MAX_EDGE:]
    return markdown.rstrip()[-1:] == end[-1:] and _QUESTION.search(end) is not None


# --- the talk around an answer -----------------------------------------------------------------

_ACTION = re.compile(r"\s*(?:Let me|I'll|I will)\b[^.!?:\n]{0,200}[.!]\s*")
"""What a model says before it uses a tool; its answer follows."""
_FILLER = re.compile(
    r"(?:sure|certainly|of course|absolutely|definitely|great|perfect|excellent|no problem|got it"
    r"|understood|okay|ok|thanks for|thank you for|happy to help|i'd be (?:happy|glad) to"
    r"|gerne?|natürlich|selbstverständlich|klar|sehr gerne"
    r"|por supuesto|claro|con gusto|desde luego|con mucho gusto|encantad[oa]"
    r"|bien sûr|certainement|avec plaisir|d'accord|volontiers"
    r"|certo|certamente|volentieri|naturalmente|com certeza|com prazer)"
    r"(?: (?!(?:is|are|was|can|has|the|a|of)\b)[\w']+){0,4} ?[!,.:—–-](?=\s*\S)"  # noqa: RUF001  # an en dash
    r"|(?:that's |what )?an? (?:great|good|excellent|interesting) (?:question|analogy|idea)[!.,]"
    r"|(?:yes,? |oh,? )?you(?:'re| are)"
    r"(?: (?:absolutely|completely|totally|quite|so|very))? right[!.,]"
    r"(?=\s*\S)|good (?:catch|point|question)[!.,](?=\s*\S)"
    r"|(?:du hast|sie haben|da (?:hast du|haben sie)) (?:(?:völlig|absolut|vollkommen) )?recht[!.,]"
    r"(?=\s*\S)|tienes? (?:toda la )?razón[!.,](?=\s*\S)"
    r"|(?:vous avez|tu as) raison[!.,](?=\s*\S)|hai ragione[!.,](?=\s*\S)",
    re.IGNORECASE,
)
"""Courtesy before the answer: it agrees to help, or praises the question or who asked it."""
_ANNOUNCEMENT = re.compile(
    r"(?![^.!?:\n]{0,160}, (?:it|they|sie|er|es|elle|il|ella)\b)(?:"
    r"(?:[^.!?:\n]{0,160}[,;—–-] ?)?"  # noqa: RUF001  # an en dash
    r"(?:here(?:'s| is| are)|below (?:is"
    r"|are))\b[^.!?\n]{0,160}[:!](?=\s*\S)"
    r"|(?:hier (?:ist|sind|findest|finden)|aquí (?:está|están|tienes|tiene)|voici|ecco"
    r"|aqui (?:está|estão|vai))\b[^.!?\n]{0,160}[:!](?=\s*\S)"
    r"|(?:I'll|I will|Let me)\b[^.!?:\n]{0,160}:(?=\s*\S)"
    r"|based on [^.!?:\n]{0,80}, i can\b)",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\b(?:let me know|feel free to|don't hesitate|do not hesitate|is there anything else"
    r"|would you like (?:me|more|to|help|any)|(?:do you )?want me to|shall i\b|should i\b"
    r"|if you (?:tell|give|share|send|provide|want|need|have|would like"
    r"|'d like)\b[^.!?\n]{0,80}?\b(?:i'll|i can|i will|just ask|happy to)"
    r"|(?:i )?hope (?:this|that) helps|(?:i'm )?happy to help|i'd be happy to"
    r"|(?:lass|lassen sie) (?:es )?mich (?:gerne )?wissen|gib mir bescheid|möchtest du|möchten sie"
    r"|soll ich"
    r"|zögern sie nicht|zögere nicht|ich hoffe, das|melde dich|melden sie sich"
    r"|avísame|avíseme|hazme saber|no dudes? en|te gustaría|le gustaría|quieres que|hay algo más"
    r"|espero que (?:esto|te)"
    r"|n'hésite[sz]? pas|faites-moi savoir|dis-moi si|souhaitez-vous|voulez-vous|j'espère que"
    r"|fammi sapere|mi faccia sapere|non esitare|vuoi che|spero che|c'è altro"
    r"|me avise|avise-me|não hesite|gostaria (?:de )?que|quer que|espero que (?:isso|ajude)"
    r"|há algo mais|posso ajudar)\b",
)
_LAST_SENTENCES = re.compile(r"(?:[.!?]['\")\]]*\s+|\n+|\A)(?=\S)")


def _has_preamble(plain: str) -> bool:
    start = plain.strip()[: 2 * MAX_EDGE]
    for _ in range(2):
        if _FILLER.match(start.lstrip("¡")) or _ANNOUNCEMENT.match(start):
            return True
        action = _ACTION.match(start)
        if not action:
            return False
        start = start[action.end() :]
    return False


def _has_postamble(plain: str) -> bool:
    """Say whether one of the last two sentences offers more, and something stands before it."""
    text = plain.strip().lower()
    end = text[-MAX_EDGE:]
    starts = [match.end() for match in _LAST_SENTENCES.finditer(end)]
    offset = len(text) - len(end)
    return any(start + offset > 0 and _OFFER.search(end, start) for start in starts[-2:])


# --- reasoning -----------------------------------------------------------------------------------

# Begins with a sign, and not with a word boundary, which is looked for many times as fast.
_INFERENCE = re.compile(
    r"\W(?:(?:therefore|thus|hence|consequently|because|it follows that|which means|this means"
    r"|we (?:can|need to|must|check|see|find|have|know|get|continue|start|divide|conclude)"
    r"|(?:first|next|then|now|finally), (?:we|i|let)|let's (?:check|see|find|consider|think|start)"
    r"|to determine|deshalb|daher|folglich|somit|weil|wir (?:prüfen|können|sehen|wissen)"
    r"|por (?:lo )?tanto|por consiguiente|porque|entonces|par conséquent|parce que|ainsi,|donc"
    r"|quindi|pertanto|perché|dunque|portanto|logo,|assim,)\b"
    r"|(?:(?<=\n)|(?<=[.!?,])\s+)"
    r"(?:since|so,? (?:we|the|it|i)|da|puesto que|puisque|poiché)(?= ))"
)
_EQUATION = re.compile(r"\d[)%]? ?[-+*/×x÷] ?\d[^=\n]{0,40}= ?[-−]?\$?\d|\d ?= ?\d+ ?[-+*/×x÷] ?\d")  # noqa: RUF001  # signs of arithmetic
_CUE = re.compile(
    r"\b(?:step[- ]by[- ]step|breakdown|explanation:|calculation:|reasoning:|my reasoning"
    r"|i (?:broke it down|calculated|computed|worked)|and computed|of the calculation"
    r"|schritt für schritt|paso a paso|étape par étape|passo dopo passo|passo a passo)",
)
_SIGNS_OF_CUES = (
    *("step", "breakdown", "explanation", "calculat", "reasoning", "i broke", "comput"),
    *("i worked", "schritt", "paso a", "étape", "passo"),
)
"""Without any of these there is no cue: looking for them costs less than the pattern does."""
_STEP = re.compile(
    r"^[ \t*#_]*(?:step|schritt|paso|étape|etape|passaggio|passo) \d{1,3}\b|\| *step *\|",
    re.MULTILINE,
)
_SIGNS_OF_STEPS = ("step", "schritt", "paso", "étape", "etape", "passaggio", "passo")
_CONCLUSION = re.compile(
    r"^[ \t*#_]*(?:(?:final )?answer|conclusion|(?:endgültige )?antwort|ergebnis|fazit"
    r"|respuesta(?: final)?|conclusión|réponse(?: finale)?|risposta(?: finale)?|conclusione"
    r"|resposta(?: final)?|conclusão)[*_]*:",
    re.MULTILINE,
)
