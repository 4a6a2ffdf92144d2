"""What is read off a text."""

from collections import Counter

import pytest

from example_answers import answers
from pytest_llmregress.behavior.text.code_blocks import MAX_BLOCKS, MAX_CODE
from pytest_llmregress.behavior.text.text_facts import (
    MAX_KEY_PATHS,
    JsonForm,
    code_blocks,
    json_form,
    json_value,
    key_paths,
    language,
    parse_text,
    words,
    written_language,
)


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("", JsonForm.NOT_JSON, None),
        ("  \n", JsonForm.NOT_JSON, None),
        ("Paris.", JsonForm.NOT_JSON, None),
        ("42", JsonForm.NOT_JSON, None),
        ('"Paris"', JsonForm.NOT_JSON, None),
        ("null", JsonForm.NOT_JSON, None),
        ("[Yes]", JsonForm.NOT_JSON, None),
        ("[NaN]", JsonForm.NOT_JSON, None),
        ('{"a": 1', JsonForm.NOT_JSON, None),
        ('{"a": 1} {"b": 2}', JsonForm.WITH_PROSE, {"a": 1}),
        ('{"a": 1}', JsonForm.PURE, {"a": 1}),
        (' \n[1, "b"]\n', JsonForm.PURE, [1, "b"]),
        ("{}", JsonForm.PURE, {}),
        ("[]", JsonForm.PURE, []),
        ('```json\n{"a": 1}\n```', JsonForm.FENCED, {"a": 1}),
        ('\n```\n{"a": 1}\n```\n', JsonForm.FENCED, {"a": 1}),
        ('~~~json\n{"a": "```"}\n~~~', JsonForm.FENCED, {"a": "```"}),
        ('```json\r\n{"a": 1}\r\n```\r\n', JsonForm.FENCED, {"a": 1}),
        ("```json\n[1]", JsonForm.FENCED, [1]),
        ('Here you are:\n```json\n{"a": 1}\n```', JsonForm.WITH_PROSE, {"a": 1}),
        ('```json\n{"a": 1}\n```\nAnything else?', JsonForm.WITH_PROSE, {"a": 1}),
        ('Here: {"a": [1, 2]} as asked.', JsonForm.WITH_PROSE, {"a": [1, 2]}),
        ('The colours are ["red", "green"].', JsonForm.WITH_PROSE, ["red", "green"]),
        ('Set {x} as in [1], then {"a": 1}', JsonForm.WITH_PROSE, {"a": 1}),
        ("As Smith says [1], the factors are [3, 5].", JsonForm.NOT_JSON, None),
        ('```python\nreturn {"a": 1}\n```', JsonForm.NOT_JSON, None),
        ("```python\nprint(1)\n```", JsonForm.NOT_JSON, None),
    ],
)
def test_json_is_found_pure_fenced_or_among_prose(text, form, value):
    assert json_form(text) is form
    assert json_value(text) == value


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (None, ()),
        ({}, ()),
        ([], ()),
        ({"b": 1, "a": "x"}, ("a: string", "b: number")),
        ({"a": None, "b": True, "c": 1.5}, ("a: null", "b: boolean", "c: number")),
        (["x", 1], ("[]: number", "[]: string")),
        (
            {"items": [{"price": 1}, {"price": 2, "name": "x"}]},
            ("items: array", "items[].name: string", "items[].price: number"),
        ),
        ({"items": []}, ("items: array",)),
        ({"a": {"b": [[1]]}}, ("a.b: array", "a.b[][]: number", "a: object")),
        ({"a.b": 1}, ('"a.b": number',)),
    ],
)
def test_key_paths_carry_types_and_no_array_lengths(value, paths):
    assert key_paths(value) == paths


def test_key_paths_are_bounded():
    wide = key_paths({f"k{number:05}" * 50: number for number in range(10_000)})
    deep = {}
    for _ in range(300):
        deep = {"a": deep}

    assert len(wide) == MAX_KEY_PATHS
    assert max(map(len, wide)) < 100
    assert len(key_paths(deep)) == 12


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("no code", []),
        ("```python\nprint(1)\n```", [("python", True)]),
        ("```py\nprint(\n```", [("python", False)]),
        ("```Python title=x\nx = 1\n```", [("python", True)]),
        ("```\nanything\n```", [("", None)]),
        ("```js\nlet x = ;\n```", [("js", None)]),
        ("~~~sql\nselect 1\n~~~", [("sql", None)]),
        ("````md\n```python\nx\n```\n````", [("md", None)]),
        ("1. First:\n   ```python\n   if x:\n       y()\n   ```\n", [("python", True)]),
        ("```python\nx = 1\n```\nthen\n```bash\nls\n```", [("python", True), ("bash", None)]),
        ("```python\nx = 1", [("python", True)]),
        ("```python x``` inline", []),
        ("~~~\n```\n~~~\n```\nb\n```", [("", None), ("", None)]),
        ("```python\nx = '\\d'\n```", [("python", True)]),
        ("```python\nx = '\0'\n```", [("python", False)]),
        ("```python\nx = '\ud800'\n```", [("python", False)]),
        (f"```python\n{'-' * 90_000}1\n```", [("python", None)]),
        (f"```python\n{'x = 1' + ' ' * MAX_CODE}\n```", [("python", None)]),
    ],
)
def test_fenced_blocks_have_a_language_and_python_parses_or_not(text, blocks):
    assert [(block.language, block.parses) for block in code_blocks(text)] == blocks


def test_the_number_of_blocks_is_bounded():
    assert len(code_blocks("```\nx\n```\n" * 1_000)) == MAX_BLOCKS


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("def f():\n    return 1", True),
        ("import os\nprint(os.name)", True),
        ("class A(object):\n    pass\n", True),
        ("No", False),
        ("42", False),
        ("[Yes]", False),
        ("answer = 42", False),
        ("from here on it is easy", False),
        ("```python\ndef f():\n    return 1\n```", False),
        ("Here it is:\ndef f():\n    return 1", False),
        ("def f():\n    return " + "-" * 90_000 + "1", False),
    ],
)
def test_a_whole_text_is_code_only_where_it_defines_or_imports(text, bare):
    assert parse_text(text).is_program is bare


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "The capital of France is Paris."),
        ("en", "You can return the item within 14 days, and we will refund it in full."),
        ("de", "Die Hauptstadt von Frankreich ist Paris."),
        ("de", "Leider können wir nach 14 Tagen keine Erstattung anbieten."),
        ("fr", "Vous pouvez retourner cet article dans les 14 jours, et nous vous rembourserons."),
        ("es", "Puede devolver el artículo en un plazo de 14 días y le reembolsaremos el importe."),
        ("it", "È possibile restituire il prodotto entro 14 giorni, e non ci sono costi per te."),
        ("pt", "Você pode devolver o produto em até 14 dias, e não há custo para você."),
        ("nl", "U kunt het artikel binnen 14 dagen retourneren, en wij betalen het bedrag terug."),
        ("pl", "Nie można zwrócić tego produktu, ale jest to możliwe w sklepie, jeśli się uda."),
        ("sv", "Du kan inte lämna tillbaka varan efter 14 dagar, men vi är här för att hjälpa."),
        ("da", "Du kan ikke returnere varen efter 14 dage, men vi er her for at hjælpe dig."),
        ("ru", "Вы можете вернуть товар в течение 14 дней."),
        ("zh", "使用 numpy.array 函数来创建数组。"),
        ("ja", "商品は14日以内に返品できます。"),
        ("ko", "상품은 14일 이내에 반품할 수 있습니다."),
        ("ar", "يمكنك إرجاع المنتج خلال 14 يومًا."),
        ("he", "ניתן להחזיר את המוצר תוך 14 ימים."),
        ("el", "Μπορείτε εύκολα επιστρέψετε προϊόντα."),
        ("hi", "आप उत्पाद को 14 दिनों के भीतर लौटा सकते हैं।"),
        ("th", "คุณสามารถคืนสินค้าได้ภายใน 14 วัน"),
        ("en", "Search was fixed."),
        ("en", "The box is empty."),
        ("de", "Die Schachtel ist leer."),
        ("fr", "La boîte est vide."),
        ("es", "La caja está vacía."),
        ("it", "La scatola è vuota."),
        ("pt", "A caixa está vazia, mas não faz mal."),
        ("nl", "De doos is niet vol."),
        ("ja", "箱は空です。"),
        ("zh", "盒子是空的。"),
        ("ko", "상자가 비었습니다."),
        ("ar", "الصندوق فارغ."),
        ("uk", "Коробка порожня, її можна взяти."),
        ("ru", "Ящики пусты, их можно взять."),
        ("fa", "این جعبه خالی است و می‌توانید آن را بردارید."),
        ("th", "คุณสามารถคืนสินค้าได้"),
        ("tr", "Kutu boş, onu alabilirsiniz; yeni bir tane daha var."),
        ("fi", "Laatikko on tyhjä, joten voit ottaa sen mukaan."),
        ("vi", "Chiếc hộp này không có gì, bạn có thể lấy nó."),
        ("cs", "Krabice je prázdná a můžete si ji vzít s sebou."),
        ("ro", "Cutia este goală și o puteți lua cu dumneavoastră."),
        ("hu", "A doboz üres, és ön el is viheti magával, ha kell."),
        ("id", "Kotak ini kosong dan anda bisa membawanya dengan mobil."),
        ("no", "Esken er tom, så du må gjerne ta den med deg etter møtet."),
        ("und", "München"),
        ("und", "José Ñíguez"),
        ("und", "Café de Flore."),
        ("und", "Al Pacino, Diane Keaton, James Caan."),
        ("und", "東京"),
        ("und", "서울"),
        ("und", "Москва"),
        ("und", "OK 200"),
        ("und", ""),
        ("und", "42"),
        ("und", "No"),
        ("und", "[Yes]"),
        ("und", "こんにちは"[:2]),
        ("und", "17077 = 7 * 2439 + 4; 17077 = 11 * 1552 + 5"),
        ("und", "Paris, Berlin, Madrid, Roma, Lisboa, Warszawa"),
        ("und", '{"answer": "The capital of France is Paris, and it is on the Seine."}'),
        ("und", "```\nThe capital of France is Paris, and it is on the Seine.\n```"),
        ("und", "def f(a):\n    # the sum of the parts is in this list\n    return sum(a)"),
        ("de", 'Das ist die Antwort, wie gewünscht: {"text": "it is the end of the road and all"}'),
    ],
)
def test_the_language_of_prose_is_told_or_left_open(code, text):
    assert language(text) == code


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n", 0),
        ("Paris", 1),
        ("two  words\n", 2),
        ("返品できます", 6),
        ("使用 numpy", 3),
    ],
)
def test_words_are_counted_with_and_without_spaces(text, count):
    assert words(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '["' * 500_000,
        "[" * 1_000 + "1," * 500_000,
        '{"a":' * 200_000,
        '[ "x",' * 160_000,
        "[" * 400_000 + "]" * 400_000,
        "`" * 1_000_000,
        "`\n" * 500_000,
        "```\n" * 250_000,
        "~~~\n```\n" * 120_000,
        "```python\n" + "x=1\n" * 250_000 + "```",
        " " * 1_000_000,
        "\n" * 1_000_000,
        "\ud800" * 1_000_000,
        "1" * 1_000_000,
        f"[{'1' * 1_000_000}]",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_hostile_megabyte_is_read_without_an_error(text):
    found = json_form(text), key_paths(json_value(text)), code_blocks(text), language(text)

    assert found[0] in {JsonForm.NOT_JSON, JsonForm.PURE}
    assert len(found[2]) <= MAX_BLOCKS
    assert found[3] == "und"


def test_the_answers_of_real_models_to_english_questions_are_english_or_undecided():
    texts = [text for _, text in [*answers("long_context"), *answers("standing_rules")]]

    told = Counter(map(language, texts))

    assert len(texts) > 200
    assert set(told) == {"en", "und"}
    assert told["en"] > 200
    assert set(map(json_form, texts)) == {JsonForm.NOT_JSON}


def test_the_programs_of_real_models_are_found_in_their_fences():
    found = [
        (code_blocks(text), parse_text(text).is_program) for _, text in answers("code_generation")
    ]

    assert len(found) == 100
    assert all(blocks and not bare for blocks, bare in found)
    assert {block.parses for blocks, _ in found for block in blocks} == {True, False, None}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("zh-Hans", "商品可以退回。请保留发票。运费由我们承担。"),
        ("zh-Hant", "商品可以退回。請保留發票。運費由我們負擔。"),
        ("zh", "天下大同。山水之中有古人。"),
        ("ja", "この商品は返品できます。送料は当店が負担します。"),
        ("en", "The goods can be returned. Keep the receipt."),
    ],
)
def test_chinese_is_told_by_its_characters(code: str, text: str):
    assert written_language(text) == code
