"""How a refusal reads: what may stand before it, its words in several languages, what undoes it."""

_ANY = r"[^.!?\n]"
"""A character of the same sentence."""

OPENERS = (
    r"(?:"
    # en
    r"(?:hi|hello|hey|dear)\b(?: \w+){0,3}[,.! ]"
    rf"|(?:thank you|thanks)\b{_ANY}{{0,120}}[.!,]"
    rf"|(?:(?:i'm|i am|we're|we are) )?(?:so |very |really |truly |terribly "
    rf"|deeply )?sorry\b[^.!?,;:\n]{{0,90}}?(?:[.!,;:—–-]| but\b)"  # noqa: RUF001  # an en dash
    r"|(?:i|we) (?:sincerely |deeply |do )?apologi[sz]e\b[^.!?,;\n]{0,90}?(?:[.!,;]| but\b)"
    r"|my apologies\b[^.!?,;\n]{0,60}?(?:[.!,;]| but\b)"
    r"|(?:unfortunately|regrettably|sadly|however|but|no|well|oh|ah|hmm|currently|at this time"
    r"|to be (?:honest|clear))\b,?"
    rf"|(?:while|although|though|as much as)\b{_ANY}{{0,140}}?,"
    rf"|(?:i|we) (?:completely |fully |totally |can )?(?:understand|appreciate|respect|hear|see"
    rf"|realize|recognize|know)\b{_ANY}{{0,160}}?(?:,? but\b|[.!])"
    r"|as an? [^.,!?\n]{0,80},"
    r"|(?:i'm|i am) (?:just |only )?an? (?:ai|artificial|language model|large language|virtual"
    r"|assistant)\b[^.!?,\n]{0,100}?(?:,| and\b|\.)(?: and\b)?"
    rf"|(?:i'd|i would|i'm|i am) (?:love|like|happy|glad|here)\b{_ANY}{{0,90}}?(?:,? but\b"
    rf"|[.!] (?:however|but|unfortunately)\b,?)"
    r"|(?:that's |that is |what )?an? (?:great|good|interesting|important|sensitive) (?:question"
    r"|topic)\b[.!,]?"
    r"|(?:i|we) (?:must|have to|need to) (?:respectfully |politely |also )?(?:inform you|tell you"
    r"|say|be honest|clarify|point out)\b(?: that)?,?"
    r"|i'm afraid(?: that)?,?"
    r"|(?:for|due to|because of) (?:\w+ ){0,3}(?:safety|privacy|security|legal|policy|ethical"
    r"|guidelines)(?: \w+)?(?: reasons)?,"
    # de
    r"|(?:hallo|guten tag|hi|liebe\w*)\b(?: \w+){0,3}[,.!]"
    r"|(?:es )?tut mir (?:sehr |wirklich )?leid\b[^.!?,\n]{0,40}(?:[.,!]| aber\b)"
    r"|(?:entschuldigung|entschuldigen sie|verzeihung|ich entschuldige mich|ich bedaure|danke"
    r"|vielen dank)\b[^.!?,\n]{0,80}[.,!]"
    r"|(?:leider|aber|nein|jedoch|bedauerlicherweise)\b,?"
    rf"|(?:ich verstehe|als (?:ki|künstliche|sprachmodell"
    rf"|assistent))\b{_ANY}{{0,120}}?,(?: dass {_ANY}{{0,100}}?,)?"
    r"|als [\w-]+(?: [\w-]+){0,2}? (?=(?:kann|darf|bin|habe|möchte) ich)"
    # es
    r"|hola\b[^.!?,\n]{0,30}[.,!]"
    r"|(?:lo siento|lo lamento|lamento|disculpa|disculpe|perdón|perdona|perdone|me disculpo|gracias"
    r"|mis disculpas)\b[^.!?,;\n]{0,80}?(?:[.,;!]| pero\b)"
    r"|(?:lamentablemente|desafortunadamente|desgraciadamente|por desgracia|pero"
    r"|sin embargo)\b,?(?: pero\b)?|no\b,"
    rf"|(?:entiendo|comprendo|como (?:modelo|asistente|una? (?:ia|inteligencia|modelo"
    rf"|asistente)))\b{_ANY}{{0,120}}?,"
    # fr
    r"|(?:bonjour|salut)\b[^.!?,\n]{0,30}[.,!]"
    r"|(?:je suis |nous sommes )?(?:vraiment |sincèrement |profondément )?(?:désolée?s?"
    r"|navrée?s?)\b[^.!?,;\n]{0,80}?(?:[.,;!]| mais\b)"
    r"|(?:je m'excuse|je regrette|toutes mes excuses|merci|excusez-moi)\b[^.!?,;\n]{0,80}?(?:[.,;!]"
    r"| mais\b)"
    r"|(?:malheureusement|cependant|mais|non|hélas)\b,?"
    rf"|(?:je comprends|en tant qu)\b{_ANY}{{0,120}}?,"
    # it
    r"|(?:ciao|buongiorno|salve)\b[^.!?,\n]{0,30}[.,!]"
    r"|(?:mi dispiace|spiacente|mi scuso|scusa|scusami|mi spiace"
    r"|grazie)\b[^.!?,;\n]{0,80}?(?:[.,;!]| ma\b)"
    r"|(?:purtroppo|tuttavia|però|ma)\b,?"
    rf"|(?:capisco|sono un (?:assistente|modello)|come (?:assistente|modello|intelligenza"
    rf"|un))\b{_ANY}{{0,120}}?(?:,| e )"
    # pt
    r"|(?:olá|oi|bom dia|boa tarde)\b[^.!?,\n]{0,30}[.,!]"
    r"|(?:desculpe|desculpa|sinto muito|lamento|peço desculpas?"
    r"|obrigad[oa])\b[^.!?,;\n]{0,80}?(?:[.,;!]| mas\b)"
    r"|(?:infelizmente|porém|mas|no entanto|não)\b,(?: mas\b)?|infelizmente|mas\b"
    rf"|(?:entendo|compreendo|como (?:um )?(?:modelo|assistente|ia))\b{_ANY}{{0,120}}?,"
    # zh, ja
    r"|(?:很|非常|十分)?(?:抱歉|对不起|遗憾)[，,。 ]?(?:但是?)?"  # noqa: RUF001  # a Chinese comma
    r"|(?:(?:大変|誠に)?申し訳(?:ありません|ございません|ないのですが)|すみません|残念ながら|恐れ入ります)(?:が|けど)?[、。,]?"
    r")[ ,—–-]*"  # noqa: RUF001  # an en dash
)
"""What may come before a refusal without being an answer, one piece per match."""

_CANNOT = (
    r"(?:can't|cannot|can not|won't|will not"
    r"|(?:am|'m|are|'re) (?:not (?:able|allowed|permitted|authori[sz]ed|programmed|designed"
    r"|equipped|willing|comfortable|in a position)|unable)(?: to| with)?"
    r"|(?:won't|will not) be able to|(?:do not|don't) feel (?:comfortable|able)(?: to)?)"
)
_HELP = (
    r"(?:help(?!ing? but| but)|assist|aid|provid|answer|fulfill?|comply|compl(?:y|ying)|discuss"
    r"|shar(?:e|ing)|giv(?:e|ing)|offer"
    r"|support|creat|generat|writ(?:e|ing)|produc|engag|participat|suggest|advis|encourag|promot"
    r"|endors"
    r"|facilitat|respond|disclos|reveal|(?:do|doing) (?:that|this|so)|tell you (?:how|that|about)"
    r"|satisfy|condon|speculat|comment|describ"
    r"|mak(?:e|ing) (?:that|this|any|such|jokes|assumptions)|process (?:this|that|your) request"
    r"|continue|access|look up|browse|handle (?:this|that) request)"
)

REFUSALS = (
    r"(?:"
    # en
    rf"(?:i|we)(?:'m|'re)? ?(?:really |simply |also |just |still |unfortunately |currently "
    rf"|personally )?{_CANNOT} (?:\w+ ){{0,2}}?(?:and (?:will not|won't|should not) )?{_HELP}"
    r"|(?:i|we) (?:must|have to|need to|will have to|respectfully|politely"
    r"|am going to)(?: respectfully| politely)? (?:decline|refuse)"
    r"|(?:i|we) (?:decline|refuse) to|i'd (?:rather|prefer) not|i would (?:rather|prefer) not"
    r"|(?:i'm|i am|we are|we're) not comfortable|(?:i|we) (?:do not|don't) feel comfortable"
    r"|(?:i|we) (?:do not|don't) (?:currently )?have (?:the (?:ability|capability|authority"
    r"|necessary permissions?|right)|the capacity|permission|access|real-time|enough (?:information"
    r"|context)|personal|any information)"
    r"|(?:i|we) (?:do not|don't) (?:hold|have) (?:personal|any personal)"
    r"|(?:i|we) (?:do not|don't) think (?:it's|it is|that's|that is) (?:appropriate|ethical"
    r"|a (?:valid|appropriate))"
    rf"|(?:that|this)(?:'s| is) (?:not something|something) (?:i|we)(?:'m| am)? ?(?:can|can't"
    rf"|cannot|able to|unable to|not able to|won't) (?:to )?{_HELP}"
    r"|(?:it's|it is|it would be) (?:not|never|neither|highly|completely"
    r"|in)?[ -]?(?:in)?(?:appropriate|ethical|unethical|legal|acceptable)\b(?: (?:or|and"
    r"|nor) \w+)?(?: for me)? to "
    r"(?:provid|discuss|suggest|giv|shar|encourag|promot|mak|ask|offer|engag|use|creat|advocat"
    r"|assist|help)"
    r"|(?:it's|it is) (?:not|never) (?:appropriate|ethical|legal|safe) (?:or|nor"
    r"|and) (?:appropriate|ethical|legal|safe|respectful)(?: for me)? to "
    r"|(?:i (?:strongly )?)?(?:do not|don't|cannot) condone|i (?:do not|don't) (?:support"
    r"|promote) or|i (?:strongly )?condemn"
    r"|do not have the (?:ability|capability|authority|permission)"
    r"|(?:it's|it is) not within my (?:programming|guidelines|capabilities|ability)"
    r"|(?:this|that|your|the) (?:request|question|prompt) (?:goes against|violates|is against"
    r"|is inappropriate|is not appropriate)"
    r"|my (?:guidelines|programming|policies) (?:do not|don't|prevent|prohibit)"
    # de
    r"|(?:(?:hier|da|daher|das|dies|dabei|damit|diese\w*|deine\w*|ihre\w*"
    r"|auf diese\w*)(?: \w+){0,2} )?(?:kann|darf|könnte|möchte|werde) (?:ich"
    r"|wir)(?: \w+){0,6}? (?:nicht|keine[nmr]?|kein)\b(?: \w+){0,4}? ?"
    r"(?:helfen|weiterhelfen|unterstützen|beantworten|antworten|erfüllen|bereitstellen|geben|nennen"
    r"|mitteilen|teilen|anbieten|erstellen|schreiben|machen|tun|ausführen|auskunft|informationen"
    r"|anleitung|ratschläge)"
    r"|(?:ich|wir) (?:kann|können|darf|dürfen|möchte|werde)(?: \w+){0,6}? (?:nicht|keine[nmr]?"
    r"|kein)\b(?: \w+){0,4}? ?"
    r"(?:helfen|weiterhelfen|unterstützen|beantworten|antworten|erfüllen|bereitstellen|geben|nennen"
    r"|mitteilen|teilen|anbieten|erstellen|schreiben|tun|ausführen|auskunft|informationen|anleitung"
    r"|ratschläge)"
    r"|(?:ich bin|bin ich) (?:leider )?nicht (?:in der lage|befugt|berechtigt|dazu)"
    r"|das kann ich (?:leider )?nicht|ich habe (?:leider )?keinen zugriff"
    r"|ich muss (?:das|dies|diese\w* \w+) (?:leider )?ablehnen"
    # es
    r"|no (?:puedo|podemos|podré|me es posible|me está permitido|estoy (?:autorizad[oa]"
    r"|capacitad[oa]|en condiciones)|tengo (?:permitido|permiso|autorización"
    r"|la capacidad))(?: (?:para|de))?(?: \w+){0,2}? "
    r"(?:ayudar|asistir|proporcionar|responder|contestar|ofrecer|compartir|dar|darte|brindar"
    r"|cumplir|generar|crear|escribir|facilitar|discutir|hablar|realizar|acceder|hacer|continuar"
    r"|cumplirl|participar)\w*"
    r"|no tengo acceso a|debo (?:rechazar|negarme)"
    # fr
    r"|(?:je|nous) ne (?:peux|puis|pouvons|pourrai)(?: malheureusement)? pas(?: \w+){0,2}?(?: \w')?"
    r" ?(?:vous |t'|te |l'|y )?(?:aider|assister|fournir|répondre|donner|partager|offrir|proposer"
    r"|créer|générer|rédiger|discuter|accéder|satisfaire|faire|traiter cette demande|communiquer"
    r"|divulguer)"
    r"|je (?:ne )?(?:suis|serai) (?:malheureusement )?pas (?:en mesure|autorisée?|capable"
    r"|habilitée?)|il m'est impossible|je n'ai pas (?:accès|la possibilité|le droit)"
    r"|je dois (?:refuser|décliner)"
    # it
    r"|non (?:posso|possiamo|sono (?:in grado|autorizzat[oa])(?: di| a)?|mi è (?:possibile|permesso"
    r"|consentito)|ho (?:intenzione di|il permesso|la possibilità|l'autorizzazione))(?: \w+){0,2}? "
    r"(?:aiutar|assister|fornir|risponder|offrir|condivider|dar|crear|generar|scriver|soddisfar"
    r"|discuter|descriver|procedere|parlar|far|acceder|comunicar|divulgar|esprimer|produr)\w*"
    r"|non ho accesso|devo (?:rifiutare|declinare)"
    # pt
    r"|(?:eu )?não (?:posso|podemos|consigo|conseguimos|poderei|sou capaz de|estou autorizad[oa] a"
    r"|tenho (?:permissão|autorização|a capacidade)|me é (?:possível|permitido))(?: (?:para"
    r"|de))?(?: \w+){0,2}? "
    r"(?:ajudar|ajudá|auxiliar|fornecer|responder|oferecer|compartilhar|partilhar|dar|criar|gerar"
    r"|escrever|atender|discutir|falar|acessar|aceder|fazer|cumprir|continuar|prestar|realizar)\w*"
    r"|não tenho acesso a|(?:devo|preciso|tenho que) recusar"
    # zh, ja
    r"|我(?:们)?(?:无法|不能|没有办法|没法)[^。！？\n]{0,20}?(?:提供|回答|帮助|帮您|帮你|协助|满足|讨论|完成|处理)"  # noqa: RUF001  # Chinese signs
    r"|[^。！？\n]{0,40}?(?:お手伝い|お答え|回答|ご?提供|対応|お教え|ご案内|お応え|お力に)(?:することは|することが|は|が|を"  # noqa: RUF001  # Japanese signs
    r"|には)?[^。！？\n]{0,8}?(?:できません|できかねます|いたしかねます|なれません)"  # noqa: RUF001  # Japanese signs
    r")"
)
"""The words of a refusal, at the place where the openers end."""

SIGNS_OF_REFUSALS = (
    *(
        "n't",
        "not",
        "unable",
        "declin",
        "refus",
        "inappropriate",
        "unethical",
        "illegal",
        "rather",
        "never",
    ),
    *("violat", "against", "condemn", "prefer", "prevent", "prohibit", "nicht", "kein", "ablehnen"),
    *("no ", "debo ", "pas ", "impossible", "dois ", "non ", "devo ", "não ", "preciso", "tenho"),
    *("无法", "不能", "没", "ません", "かねます"),
)
"""Without any of these no text is a refusal: looking for them costs less than the patterns do."""

TALK_OF_GOODS = (
    r"\b(?:refund|return(?:s|ed)?\b|exchange|discount|reimburs|(?:store )?credits?\b(?! card)"
    r"|warranty|cancel"
    r"|erstatt|rückerstatt|umtausch|rabatt|gutschrift|reembols|devoluci|devoluç|descuento|desconto"
    r"|rembours|remise\b|échange|rimbors|sconto|reso\b|cambio\b)"
)
"""Objects of a rule that is told and not of a refusal to answer: "I cannot offer a refund"."""

ANSWERS_ANYWAY = (
    r"\bhere(?:'s| is| are)\b(?! (?:some|a few|several|other)\b)[^.!?\n]{0,120}(?::|$)"
    r"|; here(?:'s| is| are)\b|\A[^.!?\n]{0,120}[,;] but (?:it|they|there|this|the|your)\b"
    r"|\bbut (?:i|we) can (?:tell|provide|offer|give|say|help|explain|share)\b|\blet me (?:try|use"
    r"|instead|check|look|search)\b"
    r"|\bhowever, (?:i|we) can (?:tell|confirm|say)\b"
    r"|\baber (?:hier|ich kann)\b|\bhier (?:ist|sind)\b[^.!?\n]{0,120}:"
    r"|\b(?:aquí (?:está|están|tienes|tiene)|pero (?:sí )?puedo)\b|\bvoici\b|\bmais je peux\b"
    r"|\becco\b|\bma posso\b"
    r"|\baqui (?:está|estão|vai)\b|\bmas posso\b|但我可以|以下は|ただし、"
)
"""What undoes a refusal when it follows one: the answer comes after all."""
