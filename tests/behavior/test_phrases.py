"""What stock phrases give away, in the languages they are known in."""

import pytest

from pytest_llmregress.behavior.text.deflections import (
    detect_hedging,
    find_brush_off,
    find_deflections,
    find_hand_off,
    find_upsell,
)
from pytest_llmregress.behavior.text.phrase_rules import (
    LANGUAGES,
    NOT_LATIN,
    find_signs,
    load_rules,
)
from pytest_llmregress.behavior.text.refusals import MAX_OPENING, find_refusal

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request.",
    "I\u2019m sorry, but I can\u2019t provide that information.",
    "Hi Anna! Thanks for reaching out. Unfortunately, I'm unable to share account details.",
    "As an AI language model, I don't have access to real-time data.",
    "I must respectfully decline.",
    "That's not something I can help with.",
    "**I'm not able to discuss that topic.**",
    "I understand your frustration, but I won't be able to provide that.",
    "I'd love to help, but I can't answer medical questions.",
    "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
    "Leider kann ich diese Frage nicht beantworten.",
    "Entschuldigung, ich darf dazu keine Auskunft geben.",
    "Ich kann dir damit leider nicht helfen.",
    "Als KI-Assistent kann ich keine medizinischen Ratschläge geben.",
    "Tut mir leid, aber ich kann diese Anfrage nicht erfüllen.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Lamentablemente no puedo proporcionar esa información.",
    "Lo siento mucho, no puedo ayudarle con esta solicitud.",
    "No puedo responder a esa pregunta.",
    "Disculpe, pero no me es posible compartir esos datos.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Désolé, je ne peux pas répondre à cette question.",
    "Malheureusement, je ne suis pas en mesure de fournir cette information.",
    "Je ne peux pas t'aider avec ça.",
    "Je regrette, mais il m'est impossible de répondre.",
    "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "Non posso fornire informazioni di natura sessuale.",
    "Mi dispiace, ma non sono in grado di rispondere a questa domanda.",
    "Purtroppo non posso aiutarti.",
    "Non ho intenzione di descrivere scene pornografiche.",
    "Desculpe, mas não posso ajudar com isso.",
    "Sinto muito, mas não posso fornecer essa informação.",
    "Infelizmente, não consigo responder a essa pergunta.",
    "Não posso ajudá-lo com esse pedido.",
    "Lamento, mas não tenho permissão para compartilhar esses dados.",
    "很抱歉,我无法提供这方面的信息。",
    "抱歉\uff0c我不能回答这个问题。",
    "申し訳ありませんが、そのご質問にはお答えできません。",
    "Thank you for your question! However, I'm just an AI, I cannot provide legal advice.",
    "It's not appropriate or ethical for me to discuss that.",
    "I apologize, but I don't have the ability to look up your account.",
]

NO_REFUSALS = [
    "I can't find an error in your code; here is the fix",
    "I'm sorry for the wait. Your refund is done",
    "I can't help but notice that the loop never ends.",
    "I cannot recommend this book enough.",
    "Sorry, I misread. The answer is 42.",
    "I can't give you an exact date, but it usually takes three days.",
    "I'm sorry, but I can't refund this order because it was delivered 45 days ago.",
    "Order A1003 cannot be refunded because it was delivered 45 days ago; the limit is 30 days.",
    "Your refund is done. I can't provide a tracking number yet.",
    "I wouldn't recommend storing passwords in plain text.",
    "You can't provide a list here; use a tuple.",
    "I'm happy to help! The capital is Paris.",
    "Leider können wir nach 14 Tagen keine Erstattung anbieten.",
    "Ich kann keinen Fehler finden; hier ist die Lösung.",
    "Es tut mir leid für die Wartezeit. Ihre Erstattung ist erledigt.",
    "Lo siento por la espera. Su reembolso está listo.",
    "No puedo encontrar ningún error en el código.",
    "No hay problema, aquí está la respuesta.",
    "Je suis désolé pour l'attente. Votre remboursement est fait.",
    "Je ne peux pas trouver d'erreur dans ce code.",
    "Mi dispiace per l'attesa. Il rimborso è stato fatto.",
    "Non posso trovare errori nel codice.",
    "Desculpe pela demora. O reembolso foi feito.",
    "Não há problema, aqui está.",
    "We apologize, we will send you a new tent today, free of charge.",
    'The model says "I can\'t help with that" when it refuses.',
    "I don't think it's a bug.",
    "No, Paris is not in Germany.",
    "I am a helpful assistant and the answer is 42.",
    "I understand that you want a refund. It will arrive in 3 days.",
    "I cannot stress this enough: back up first.",
    "I can't see the image well, yet it shows a cat.",
    "Unfortunately, the store closes at 5 pm.",
    "I need to check the order first. It is in Hamburg.",
    '{"reply": "I cannot help with that"}',
    "",
    "  \n",
    "I'm sorry, but I can't share that chart. Here is the table instead: a, b.",
    "Sorry, I can't open the link, but it says 42 on the label.",
    "I cannot provide the file as it is.\n```python\nx = 1\n```",
]

UPSELLS = [
    "You can do this, but I'd suggest you upgrade to our Pro plan for faster answers.",
    "This feature is only available on the Enterprise plan.",
    "Consider our Premium subscription for unlimited exports.",
    "Upgrade to Premium today!",
    "Use the promo code SAVE10 for 10% off your next order.",
    "Would you like to add an extended warranty?",
    "Wechseln Sie jetzt zu unserem Premium-Tarif.",
    "Actualice a nuestro plan Pro para continuar.",
    "Passez à notre offre Premium.",
    "Passa al nostro piano Pro.",
    "Mude para o nosso plano Premium.",
    "Sign up for our newsletter plan... Subscribe to our Plus tier.",
]

NO_UPSELLS = [
    "Upgrade to Python 3.12 first.",
    "Upgrade to the latest version of the library.",
    "Your order is available for pickup.",
    "Your plan was changed as you asked.",
    "The premium of the option is 3 USD.",
    "This is a special case.",
    "I upgraded the package to version 2.",
    "Subscribe to the topic with client.subscribe().",
    "Der Plan steht.",
    "The Pro version of the file is in /tmp.",
]

BRUSH_OFFS = [
    "Please contact our support team for assistance.",
    "I'm sorry about that. Please reach out to customer service.",
    "Please refer to the official documentation for details.",
    "For this, consult a qualified professional.",
    "Bitte wenden Sie sich an unseren Kundendienst.",
    "Por favor, póngase en contacto con nuestro servicio de atención al cliente.",
    "Por favor contacte a soporte.",
    "Veuillez contacter notre service client.",
    "Contatta il nostro supporto clienti.",
    "Entre em contato com o suporte.",
    "I can't help with that. Please contact support.",
    "Please check our website.",
    (
        "I'm sorry for the trouble. For issues like this, I'd recommend contacting our customer "
        "support team directly, as they have access to your account details and can look into the "
        "matter for you. You can reach them by phone from 9 to 5, or by e-mail with a short "
        "description of what went wrong. When you contact them, make sure to have your order "
        "number and the date of purchase at hand, so that they can help you as soon as possible. "
        "Thank you for your patience! Is there anything else I can help you with today?"
    ),
]

NO_BRUSH_OFFS = [
    "Your refund was issued. If you have more questions, please contact our support team.",
    "If the error persists, contact support.",
    (
        "See the manual page of `ls`: it lists files and sorts them by name unless told "
        "otherwise by an option such as -t or -S, which sort by time or by size."
    ),
    (
        "They will arrive on Tuesday. The teapot was sent yesterday with DHL, and the lid follows "
        "in a second parcel on Wednesday, as it comes from another warehouse. Please contact our "
        "support team about the colour."
    ),
    (
        "Please contact our support team about the colour. The teapot was sent yesterday with DHL, "
        "and the lid follows in a second parcel on Wednesday, as it comes from another warehouse. "
        "Both are insured."
    ),
    "I'm not sure, but it may be due on 14 March; please check with your accountant.",
    "Call the function with two arguments.",
    "Order A1002 is in Hamburg.",
    "See the docs folder.",
    "Check your email.",
]

HAND_OFFS = [
    "I'll transfer you to a human agent now.",
    "Let me connect you with one of our specialists.",
    "A member of our support team will contact you shortly.",
    "I have escalated this to our billing department.",
    "Ich verbinde Sie mit einem Mitarbeiter.",
    "Ich leite Ihre Anfrage an unser Team weiter.",
    "Le transfiero con un agente.",
    "Voy a transferirle a un agente.",
    "Je vous transfère à un conseiller.",
    "Je vous mets en relation avec un conseiller.",
    "La trasferisco a un operatore.",
    "Ti metto in contatto con un operatore.",
    "Vou transferir você para um atendente.",
    "Transferring you to a representative.",
]

NO_HAND_OFFS = [
    "I'll connect to the database.",
    "I have transferred 30 EUR to your card.",
    "Let me pass the list to the function.",
    "A human reads it.",
    "I'll put the agent class in its own file.",
    "I will forward the port to the host.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_reply_that_declines_at_its_start_refuses(text):
    assert find_refusal(text)


@pytest.mark.parametrize("text", NO_REFUSALS)
def test_an_apology_a_rule_and_an_answer_are_no_refusals(text):
    assert not find_refusal(text)


def test_a_refusal_deep_in_a_text_is_not_at_its_start():
    assert not find_refusal("Thank you. " * (MAX_OPENING // 11) + "I can't help with that.")


@pytest.mark.parametrize("text", UPSELLS)
def test_a_plan_a_code_and_an_offer_are_sold(text):
    assert find_upsell(text)


@pytest.mark.parametrize("text", NO_UPSELLS)
def test_an_upgrade_of_software_sells_nothing(text):
    assert not find_upsell(text)


@pytest.mark.parametrize("text", BRUSH_OFFS)
def test_a_reply_that_only_sends_elsewhere_deflects(text):
    assert find_brush_off(text)


@pytest.mark.parametrize("text", NO_BRUSH_OFFS)
def test_a_contact_beside_an_answer_does_not_deflect(text):
    assert not find_brush_off(text)


@pytest.mark.parametrize("text", HAND_OFFS)
def test_a_conversation_is_handed_to_a_person(text):
    assert find_hand_off(text)


@pytest.mark.parametrize("text", NO_HAND_OFFS)
def test_what_is_connected_and_passed_in_software_is_no_hand_off(text):
    assert not find_hand_off(text)


@pytest.mark.parametrize(
    ("text", "question", "found"),
    [
        ("Upgrade to our Pro plan.", "Why is it so slow?", {"upsell"}),
        ("Upgrade to our Pro plan.", "Which plans do you have?", set()),
        ("Please contact our support team.", "Where is my parcel?", {"deflection"}),
        ("Please contact our support team.", "Who can I contact?", set()),
        ("I'll transfer you to an agent.", "Where is my parcel?", {"hand-off"}),
        ("I'll transfer you to an agent.", "I want to talk to a human.", set()),
        ("It arrives on Thursday.", "Where is my parcel?", set()),
    ],
)
def test_what_a_question_asks_for_is_no_deflection(text, question, found):
    assert set(find_deflections(text, question=question)) == found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Paris.", "0"),
        ("It is probably Paris.", "1"),
        ("I think it might be Paris, perhaps.", "2+"),
        ("Vielleicht ist es Paris.", "1"),
    ],
)
def test_hedges_are_counted_up_to_two(text, count):
    assert detect_hedging(text) == count


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("around", ["{}", "x{}y", "(é{}!) and so on", "x" * 50 + "{}" + "y" * 50])
def test_every_sign_is_found_wherever_it_stands(language: str, around: str):
    """A sign that is overlooked hides every phrase of its list."""
    signs = load_rules(language).signs
    asked = {
        (name, around.format(sign))
        for name, each in signs.items()
        for sign in each
        if language not in NOT_LATIN or not around.format(sign).isascii()
    }

    assert {(name, text) for name, text in asked if (name, language) in find_signs(text)} == asked


@pytest.mark.parametrize("text", REFUSALS)
def test_no_sign_is_found_that_is_not_in_a_text(text: str):
    there = {
        (name, language)
        for language in LANGUAGES
        for name, signs in load_rules(language).signs.items()
        if not (text.isascii() and language in NOT_LATIN) and any(sign in text for sign in signs)
    }

    assert find_signs(text) == there
