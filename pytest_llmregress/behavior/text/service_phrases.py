"""How a reply reads that sells, sends elsewhere or hands over, and a question that asks for it."""

_PLAN = (
    r"(?:plan|tier|subscription|membership|package|edition|version|account|licen[cs]e|bundle"
    r"|abo|abonnement|tarif|paket|mitgliedschaft|suscripción|membresía|paquete|offre|formule"
    r"|forfait"
    r"|piano|abbonamento|pacchetto|plano|assinatura|pacote)"
)
_HIGH = r"(?:pro|premium|plus|enterprise|business|paid|gold|platinum|ultimate|advanced|unlimited)"

UPSELLS = (
    r"\b(?:"
    rf"upgrad(?:e|ing) (?:your \w+ )?to (?:our |the |a |an )?(?:\w+ )?{_HIGH}\b(?! (?:of|branch"
    rf"|class))"
    rf"|upgrad(?:e|ing) (?:your|to (?:our|a|an)) (?:\w+ ){{0,2}}?(?:plan|tier|subscription"
    rf"|membership|package)\b"
    rf"|(?:subscribe|sign up|switch|move) (?:to|for) (?:our|the) (?:\w+ ){{0,2}}?(?:{_HIGH}|plan"
    rf"|tier|subscription|membership|package)\b"
    rf"|(?:only )?available (?:only )?(?:on|in|with|to|for) (?:our |the )?{_HIGH} (?:{_PLAN}|users"
    rf"|customers|members|subscribers)"
    rf"|(?:consider|why not try|you (?:might|may) (?:like|want|enjoy|love|be interested in)"
    rf"|check out|interested in|did you know about) (?:also )?our (?:\w+ ){{0,3}}?(?:{_HIGH}|plan"
    rf"|offer|add-on|subscription|bundle|service|range|collection|membership|accessories)\b"
    r"|(?:special|limited[- ]time|exclusive) (?:offer|deal|discount|promotion)"
    r"|use (?:the )?(?:promo|discount|coupon|voucher) code|with (?:the )?(?:promo|discount"
    r"|coupon) code"
    r"|(?:\d+ ?%|percent) off your (?:first|next)|start (?:your|a) free trial|try it free for"
    r"|(?:you (?:can|could) (?:also )?(?:add|purchase|buy)|would you like to (?:add|purchase"
    r"|buy)) (?:our|an|a) (?:\w+ ){0,2}(?:extended warranty|protection plan|insurance|add-on"
    r"|upgrade|premium \w+)"
    # de
    rf"|(?:wechseln|wechsle|upgraden|upgrade)\w* (?:sie )?(?:\w+ ){{0,2}}?(?:zu|zum|zur|auf"
    rf"|in) (?:unser\w*|den|das|die|dein\w*)? ?(?:\w+[- ])?{_HIGH}\b"
    r"|(?:nur )?(?:im|in unserem|mit unserem) (?:pro|premium|plus|business)[- ]?(?:tarif|abo|paket"
    r"|plan)\b|jetzt (?:upgraden|abonnieren)|sonderangebot|rabattcode|gutscheincode"
    # es
    rf"|(?:actuali[cz]\w+|mejor[ae]\w*|suscrí\w+|cámbi\w+|pás\w+) (?:su |tu |a |al |el |la "
    rf"|nuestro |nuestra |de )*(?:{_PLAN} )?(?:{_HIGH}\b|{_PLAN} {_HIGH})|oferta (?:especial"
    rf"|exclusiva|por tiempo limitado)|código (?:de )?(?:descuento|promocional)"
    # fr
    rf"|pass(?:ez|er|e) (?:à|au) (?:notre |nos |la |l'|l')?(?:{_PLAN} )?{_HIGH}\b|abonnez-vous"
    rf"|souscrivez à|offre (?:spéciale|exclusive|limitée)|code (?:promo|de réduction)"
    # it
    rf"|pass[aio]\w* (?:al|alla|a) (?:nostr[oa] )?(?:{_PLAN} )?{_HIGH}\b|abbonati"
    rf"|offerta (?:speciale|esclusiva)|codice (?:sconto|promozionale)"
    # pt
    rf"|(?:atualize|mude|migre|faça (?:o )?upgrade) (?:seu \w+ )?para (?:o |a )?(?:nosso "
    rf"|nossa )?(?:{_PLAN} )?{_HIGH}\b|assine (?:o |a )?(?:nosso|nossa)|oferta (?:exclusiva"
    rf"|por tempo limitado)|cupom de desconto"
    r")"
)
"""Words that sell what somebody may not have asked for."""

SIGNS_OF_UPSELLS = (
    *("upgrad", "pro", "premium", "plus", "enterprise", "business", "paid", "gold", "platinum"),
    *("ultimate", "advanced", "unlimited", "plan", "tier", "subscri", "member", "offer", "deal"),
    *("code", "off your", "trial", "try it free", "warranty", "insurance", "add-on", "angebot"),
    *("abonn", "ofert", "código", "souscri", "offre", "abbonati", "codice", "assine", "cupom"),
    *("service", "range", "collection", "accessories", "bundle", "discount", "package"),
)

_PLACE = (
    r"(?:support\b|customer (?:service|support|care)|help ?desk|service (?:team|desk|center|centre)"
    r"|help cent(?:er|re)|documentation|docs\b(?! (?:folder|directory|file))|user (?:guide|manual)"
    r"|manual\b|website|web ?page|faqs?\b|knowledge base|team\b|administrator|representative"
    r"|professional|specialist|expert|lawyer|attorney|doctor|physician|provider|sales\b)"
)

_ANY = r"[^.!?\n]"
"""A character of the same sentence."""

BRUSH_OFFS = (
    r"\b(?:"
    rf"(?:contact|reach out to|get in touch with|call|e-?mail|write to|consult|refer to|see|visit"
    rf"|check|speak (?:to|with)|talk to|reaching out to|contacting|consulting|checking|visiting"
    rf"|referring to)(?: with)? (?:(?:our|the|your|their|a|an|its|official|with|qualified"
    rf"|licensed)\b ?){{0,3}}(?:\w+ ){{0,3}}?{_PLACE}"
    r"|(?:wenden|wende) (?:sie |du )?(?:sich|dich) (?:\w+ ){0,2}?an"
    r"|kontaktier\w+ (?:sie )?(?:bitte )?(?:unser\w*|den|die|das)|(?:siehe|lesen sie"
    r"|konsultieren sie) (?:\w+ ){0,3}?dokumentation"
    r"|(?:póngase|ponte) en contacto con|(?:contacte|contacta|comuníquese|comunícate|consulte"
    r"|consulta) (?:con |a |al |la |el |nuestr\w+ |su |tu )*(?:\w+ ){0,2}?(?:soporte|atención"
    r"|servicio|documentación|equipo|profesional|médico|abogado|sitio web)"
    r"|(?:contactez|contacter|veuillez consulter|consultez|adressez-vous à) (?:notre |nos |le |la "
    r"|l'|votre |un )*(?:\w+ ){0,2}?(?:support|service|équipe|documentation|assistance"
    r"|professionnel|médecin|site)"
    r"|(?:contatta|contatti|contattare|consulta|consultare|consulti|rivolgiti|rivolgersi)(?: (?:il"
    r"|la|l'|al|alla|a|nostr[oa]|un))*(?: \w+){0,2}? ?(?:l')?(?:supporto|assistenza|servizio"
    r"|documentazione|team|professionista|esperto|medico|sito)"
    r"|(?:entre em contato|entre em contacto|contate|contacte|fale) (?:com |o |a |nosso |nossa "
    r"|no )*(?:\w+ ){0,2}?(?:suporte|atendimento|serviço|equipe|equipa|profissional)|consulte (?:a "
    r"|o |nossa |nosso |um )*(?:documentação|manual|site|profissional|médico)"
    r")"
)
"""Words that send somebody elsewhere."""

SIGNS_OF_BRUSH_OFFS = (
    *("support", "service", "help", "documentation", "docs", "guide", "manual", "website"),
    *("web page", "webpage", "faq", "knowledge", "team", "administrator", "representative"),
    *("profession", "specialist", "expert", "lawyer", "attorney", "doctor", "physician"),
    *(
        "provider",
        "sales",
        "wende",
        "kontaktier",
        "dokumentation",
        "contact",
        "soporte",
        "atención",
    ),
    *("servicio", "documentación", "equipo", "médico", "abogado", "sitio", "consult", "équipe"),
    *("assist", "médecin", "servizio", "esperto", "medico", "sito", "suporte", "atendimento"),
    *("equip", "profissional", "documentação", "site", "rivolg", "supporto", "adressez"),
)

CONDITIONS = (
    r"\b(?:if (?:you|the|it|this|that|any|there)|in case|should you|for (?:more|further|additional"
    r"|any)|once you|before|after"
    r"|falls|wenn|bei (?:weiteren|fragen)|für weitere|si (?:tienes|tiene|necesitas|necesita|vous"
    r"|tu)|para más|pour (?:plus|toute)|se (?:hai|ha|você|tiver|precisar|avete)|per (?:ulteriori"
    r"|maggiori)|para mais|caso)\b"
)
"""What makes a contact an offer for later."""

_PERSON = (
    r"(?:human|person|agent|representative|specialist|colleague|manager|supervisor|operator"
    r"|advis[eo]r|technician|department|team|support)s?"
)

COURTESIES = (
    r"(?:"
    r"(?:we|i) (?:really |truly |greatly |sincerely |fully |completely |do )*(?:appreciate|value"
    r"|understand|apologi[sz]e|regret|hope|wish you|care|thank|realize|know how)\b"
    r"|(?:thank you|thanks)\b"
    r"|your (?:\w+ )?(?:satisfaction|patience|understanding|feedback|question|request|inquiry|query"
    r"|concern|trust|business|loyalty|case|message) (?:is|are|means|matters|has|will)\b"
    r"|is there anything\b|if (?:there is|you have) any\b"
    r"|(?:have|enjoy) a (?:\w+ )?(?:day|week|weekend|evening)\b"
    r")"
)
"""How a sentence begins that thanks, apologizes or wishes well, and answers nothing."""

WORDS_ON_HELP = (
    r"(?:"
    rf"(?:they|(?:our|the|your|a|one of our|someone (?:from|on)) (?:\w+ ){{0,4}}?(?:{_PLACE}|team"
    r"|colleagues?|agents?|advisors?|specialists?|experts?|representatives?|staff|members?)s?)"
    r" (?:will|can|'ll|are|is|have|has|would|should|may|might|look|know)\b"
    r"|they'(?:ll|re|ve)\b"
    r"|(?:when|before|once|as soon as) you (?:do so|(?:contact|call|reach|write|speak|get in touch"
    r"|e-?mail|talk|have (?:contacted|reached))\b)"
    r"|(?:(?:so )?please |be sure to |make sure (?:to|that you|you) )+(?:have|keep|include|provide"
    r"|mention|prepare|note|bear|allow|give|share|describe|attach|state)\b"
    r"|(?:you (?:can|may|could)|alternatively|or|feel free to|please|do not hesitate"
    rf"|don't hesitate)\b{_ANY}{{0,40}}?\b(?:reach|contact|call|e-?mail|write to|chat with"
    r"|message|visit|ask)"
    r" (?:them|us|our|the|your)\b"
    r")"
)
"""How a sentence begins, after one that sends elsewhere, that says what is to be had there."""

WHAT_THEY_DO = r",? (?:as|so that|so|since|because|and|who|where) (?:they|we|our \w+|can|will)\b"
"""Where a sentence that sends elsewhere goes on to what is done there."""

HAND_OFFS = (
    r"\b(?:"
    rf"(?:i'll|i will|let me|i'm|i am|i have|i've|we will|we'll|i can) (?:now |just |already "
    rf"|go ahead and )?(?:transfer|connect|forward|escalat|hand|pass|rout|redirect"
    rf"|put)\w*\b[^.!?\n]{{0,60}}?\b(?:to|with|through to|over to) (?:(?:a|an|our|one of our|the|my"
    rf"|someone)\b ?)(?:\w+ ){{0,3}}?{_PERSON}\b"
    rf"|(?:a|an|one of our|our) (?:\w+ ){{0,2}}?{_PERSON} will (?:\w+ )?(?:contact|call|reach out"
    rf"|get back|be in touch|take over|follow up|assist)"
    rf"|(?:transferring|connecting|escalating|forwarding) (?:you|this|your \w+) (?:to"
    rf"|with) (?:\w+ ){{0,4}}?{_PERSON}\b"
    r"|ich (?:verbinde|leite|übergebe|gebe) [^.!?\n]{0,50}?\b(?:mitarbeiter|kolleg|team|support"
    r"|abteilung|berater)\w*[^.!?\n]{0,20}?(?:weiter|verbinden|\.|$)"
    r"|(?:(?:te|le|lo|la) (?:transfiero|comunico|paso|conecto|derivo)|voy a (?:transferir|pasar"
    r"|conectar|derivar)\w*) (?:con|a) (?:un|una|nuestro|nuestra|el|la) (?:\w+ ){0,2}?(?:agente"
    r"|representante|asesor|compañer|equipo|especialista|persona|humano)"
    r"|je (?:vous|te) (?:transfère|mets en relation|redirige|passe|connecte) [^.!?\n]{0,10}?(?:à"
    r"|avec|vers|un) ?(?:un|une|notre|l')? ?(?:conseiller|agent|collègue|équipe|spécialiste|humain)"
    r"|(?:la|ti|vi|lo) (?:trasferisco|metto in contatto|collego|passo) (?:a|con|al|ad) (?:un |una "
    r"|il |nostro )*(?:operatore|agente|collega|team|specialista|consulente)"
    r"|(?:vou|irei) (?:te |lhe |o |a )?(?:transferir|encaminhar|conectar"
    r"|passar)\w*(?:-\w+)? (?:\w+ ){0,2}?(?:para|com|a) (?:um |uma |nosso |nossa |o "
    r"|a )*(?:atendente|agente|especialista|equipe|equipa|colega|humano|pessoa)"
    r")"
)
"""Words that pass the conversation on."""

SIGNS_OF_HAND_OFFS = (
    *("transfer", "connect", "forward", "escalat", "hand", "pass", "rout", "redirect", "put"),
    *("will ", "verbinde", "leite", "übergebe", "gebe", "transf", "comunico", "paso", "conect"),
    *("deriv", "relation", "redirige", "connecte", "trasferisco", "metto", "collego", "encaminh"),
)

ABOUT_PLANS = (
    r"\b(?:plans?|pric\w+|tiers?|upgrad\w+|subscri\w+|membership|premium|enterprise|costs?|how much"
    r"|offers?|deals?|discounts?|coupons?|promo\w*|trial|buy|purchase|recommend\w*|accessor\w+"
    r"|warrant\w+"
    r"|preis\w*|tarif\w*|abo\w*|angebot\w*|rabatt\w*|kosten|kaufen|precio\w*|planes|suscri\w+"
    r"|oferta\w*|descuento\w*|comprar|prix|forfait\w*|offre\w*|abonnement\w*|acheter|prezz\w+"
    r"|piani?|abbonament\w*|offert\w*|scont\w+|preços?|planos?|assinatura\w*|desconto\w*)\b"
)
ABOUT_CONTACT = (
    r"\b(?:contact\w*|support|reach|phone|e-?mail|documentation|docs|manual|website"
    r"|customer (?:service|care)|who (?:can|do|should) i|where (?:can|do|should) i"
    r"|kontakt\w*|dokumentation|contacto|contactar|soporte|documentación|contatt\w+|assistenza"
    r"|contato|suporte|joindre|contacter|lawyer|doctor)\b"
)
ABOUT_PEOPLE = (
    r"\b(?:human|person|agent|representative|operator|manager|supervisor|someone|somebody|transfer"
    r"|escalat\w+|speak (?:to|with)|talk to|mitarbeiter\w*|menschen|jemand\w*|agente|persona|humano"
    r"|alguien|conseiller|quelqu'un|humain|operatore|qualcuno|atendente|pessoa|alguém)\b"
)
"""What a question may be about, so that the answer to it is no deflection."""
