"""The built-in traits, one record each.

A new trait is a new record, its test, its words in a row of `examples/guides/compare.md`, and the
next version `TRAITS` in `values/behavior.py`.
"""

from pytest_llmregress.behavior import change_rules, extractors
from pytest_llmregress.behavior.agent_traits import AGENT_TRAITS
from pytest_llmregress.behavior.conversation_traits import extract_conversations
from pytest_llmregress.behavior.interruptions import extract_interruptions, quote_interruptions
from pytest_llmregress.behavior.reply_traits import REPLY_TRAITS
from pytest_llmregress.behavior.text.deflections import detect_hedging
from pytest_llmregress.behavior.text.facts import extract_dates, extract_numbers, extract_urls
from pytest_llmregress.behavior.text.structure import reasoning
from pytest_llmregress.behavior.text.text_facts import extract_data, words, written_language
from pytest_llmregress.behavior.trait_record import NoisePolicy, Rule, TraitRecord
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind

TOOL_ORDER = "tools.order"
TOOL_ARGUMENTS = "tools.arguments"
JSON_VALUES = "text.json_values"
TOOL_ARGUMENT_KEYS = "tools.arg_keys"
TOOL_LOOPS = "tools.loops"
CONVERSATIONS = "conversations"

_ENDINGS = (
    TraitRecord(
        name="outcome",
        extract=extractors.extract_outcome,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        rule=change_rules.assess_outcome,
        readme="how the test ended",
    ),
    TraitRecord(
        name="refusal",
        extract=extractors.extract_refusal,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        rule=change_rules.assess_refusal,
        quote=extractors.quote_refusal,
        readme="a refusal in words",
    ),
    TraitRecord(
        name="deflection",
        extract=extractors.extract_deflections,
        kind=TraitKind.SET,
        severity=Severity.BREAKING,
        rule=change_rules.assess_faults,
        quote=extractors.quote_deflections,
        readme="an upsell, a brush-off",
    ),
    TraitRecord(
        name="interruptions",
        extract=extract_interruptions,
        kind=TraitKind.SET,
        severity=Severity.BREAKING,
        rule=change_rules.assess_interruptions,
        quote=quote_interruptions,
        readme="an earlier call",
    ),
    TraitRecord(
        name="served_model",
        extract=lambda given: extractors.extract_served_model(given.calls, given.served),
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        rule=change_rules.assess_served_model,
        readme="the served model",
    ),
)
_TOOLS = (
    TraitRecord(
        name="tools.set",
        extract=lambda given: set(given.calls.tools),
        kind=TraitKind.SET,
        severity=Severity.BREAKING,
        rule=change_rules.assess_tool_set,
        in_trajectory=True,
        readme="set of tools",
    ),
    TraitRecord(
        name="tools.counts",
        extract=extractors.extract_tool_counts,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        in_trajectory=True,
        readme="counts and order of tools",
    ),
    TraitRecord(
        name=TOOL_ORDER,
        extract=extractors.extract_tool_order,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        in_trajectory=True,
        readme="counts and order of tools",
    ),
    TraitRecord(
        name=TOOL_ARGUMENT_KEYS,
        extract=extractors.extract_argument_keys,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        in_trajectory=True,
        readme="keys of their arguments",
    ),
    TraitRecord(
        name=TOOL_ARGUMENTS,
        extract=extractors.extract_arguments,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        noise=NoisePolicy.EACH_ARGUMENT,
        readme="values of their arguments",
    ),
    TraitRecord(
        name=TOOL_LOOPS,
        extract=extractors.extract_loops,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        noise=NoisePolicy.EACH_LOOP,
        readme="a tool with the same arguments again and again",
    ),
    TraitRecord(
        name="tools.parallel",
        extract=extractors.extract_parallel,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        rule=change_rules.assess_parallel,
        readme="whether tools are called together",
    ),
)
TEXT_TRAITS = (
    TraitRecord(
        name="text.json",
        extract=lambda given: str(given.text.json_form),
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        rule=change_rules.assess_json_form,
        readme="whether the text is JSON",
    ),
    TraitRecord(
        name="text.json_keys",
        extract=extractors.extract_json_keys,
        kind=TraitKind.SET,
        severity=Severity.BREAKING,
        rule=change_rules.assess_json_keys,
        readme="and its keys",
    ),
    TraitRecord(
        name=JSON_VALUES,
        extract=extractors.extract_json_values,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        noise=NoisePolicy.EACH_VALUE,
        readme="values of a JSON answer",
    ),
    TraitRecord(
        name="text.form",
        extract=extractors.extract_form,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        rule=change_rules.assess_form,
        readme="form of the answer",
    ),
    TraitRecord(
        name="text.answer",
        extract=extractors.extract_answer,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        noise=NoisePolicy.ANSWER,
        readme="closed answer",
    ),
    TraitRecord(
        name="text.code",
        extract=extractors.extract_code,
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        rule=change_rules.assess_code,
        readme="code blocks and whether their Python parses",
    ),
    TraitRecord(
        name="text.language",
        extract=lambda given: written_language(given.text),
        kind=TraitKind.CATEGORY,
        severity=Severity.BREAKING,
        rule=change_rules.assess_language,
        readme="language of the text",
    ),
    TraitRecord(
        name="text.reasoning",
        extract=lambda given: reasoning(given.text.prose),
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        readme="reasoning before the answer",
    ),
    TraitRecord(
        name="text.shape",
        extract=extractors.extract_shape,
        kind=TraitKind.SET,
        severity=Severity.NOTABLE,
        readme="headings, lists, tables, preambles, a closing question",
    ),
    TraitRecord(
        name="text.hedge",
        extract=lambda given: detect_hedging(given.text.prose),
        kind=TraitKind.CATEGORY,
        severity=Severity.COSMETIC,
        readme="hedging",
    ),
    TraitRecord(
        name="text.numbers",
        extract=lambda given: extract_numbers(extract_data(given.text)),
        kind=TraitKind.SET,
        severity=Severity.NOTABLE,
        noise=NoisePolicy.EACH_FACT,
        readme="numbers, dates and URLs",
    ),
    TraitRecord(
        name="text.dates",
        extract=lambda given: extract_dates(extract_data(given.text)),
        kind=TraitKind.SET,
        severity=Severity.NOTABLE,
        noise=NoisePolicy.EACH_FACT,
        readme="numbers, dates and URLs",
    ),
    TraitRecord(
        name="text.urls",
        extract=lambda given: extract_urls(given.text.text),
        kind=TraitKind.SET,
        severity=Severity.NOTABLE,
        noise=NoisePolicy.EACH_FACT,
        readme="numbers, dates and URLs",
    ),
    TraitRecord(
        name="text.length",
        extract=lambda given: words(given.text.text),
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=20,
        readme="length",
    ),
    TraitRecord(
        name="text",
        extract=lambda given: given.text.text,
        kind=TraitKind.TEXT,
        severity=Severity.COSMETIC,
        readme="wording",
    ),
)
"""Those of a text alone: a value that a test compares with a snapshot has them as well."""
_DEMANDED = TraitRecord(
    name="demanded_words",
    extract=extractors.extract_kept_demands,
    kind=TraitKind.SET,
    severity=Severity.BREAKING,
    rule=change_rules.assess_demands,
    readme="words that the prompt asks each answer to begin or to end with",
)
_COUNTS = (
    TraitRecord(
        name="usage.output_tokens",
        extract=extractors.count_output_tokens,
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=50,
        readme="tokens",
    ),
    TraitRecord(
        name="usage.input_tokens",
        extract=extractors.count_input_tokens,
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=50,
        readme="tokens",
    ),
    TraitRecord(
        name="calls",
        extract=extractors.count_calls,
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=1,
        readme="number of model calls",
    ),
    TraitRecord(
        name="tool_calls",
        extract=lambda given: len(given.calls.tools),
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=1,
        in_trajectory=True,
        readme="and of tool calls",
    ),
)
CONVERSATION_TRAITS = (*_ENDINGS[:3], _DEMANDED, *TEXT_TRAITS)
"""Those that each conversation of a sample has for itself."""
_CONVERSATIONS = TraitRecord(
    name=CONVERSATIONS,
    extract=lambda given: extract_conversations(given, CONVERSATION_TRAITS),
    kind=TraitKind.CATEGORY,
    severity=Severity.NOTABLE,
    noise=NoisePolicy.EACH_CONVERSATION,
    readme="each conversation",
)
BUILTIN_TRAITS = (
    *_ENDINGS,
    *_TOOLS,
    _DEMANDED,
    *TEXT_TRAITS,
    *_COUNTS,
    *AGENT_TRAITS,
    *REPLY_TRAITS,
    _CONVERSATIONS,
)
"""All of them, in the order in which files and reports have them."""
_BY_NAME = {record.name: record for record in BUILTIN_TRAITS}


def find_record(name: str) -> TraitRecord | None:
    """Return the record of a built-in trait, or None for a trait of a plugin."""
    return _BY_NAME.get(name)


def find_rule(trait: Trait) -> Rule | None:
    """Return the rule of a built-in trait, or None where that of its kind counts.

    A plugin's trait that has the name of a built-in one and another kind is none.
    """
    record = _BY_NAME.get(trait.name)
    return record.rule if record and record.kind is trait.kind else None


def find_noise_policy(trait: Trait) -> NoisePolicy:
    """Return what noise in a baseline does to a trait, built-in or, as for a rule, not."""
    record = _BY_NAME.get(trait.name)
    return record.noise if record and record.kind is trait.kind else NoisePolicy.WHOLE


def is_in_trajectory(name: str) -> bool:
    """Say whether `tool_match` decides on a trait: of plugins, on those named "tools.…"."""
    record = find_record(name)
    return record.in_trajectory if record else name.startswith("tools.")
