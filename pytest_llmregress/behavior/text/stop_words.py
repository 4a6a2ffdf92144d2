# ruff: noqa: RUF001 - a Turkish letter looks like an i
"""The most frequent words of languages in Latin letters, and the letters that give them away."""

# No word is a single plain letter: those are names of variables in every language.
STOP_WORDS = {
    code: frozenset(stop_words.split())
    for code, stop_words in {
        "en": "the of and to is in that it for you this with not are be was as on have has from by "
        "or an at can cannot which will if we our us but your there they would should could when "
        "what how do so no after before than then also more all any about please been he she "
        "its my me am were had does did don isn won didn doesn couldn very some other only just "
        "because since while until them his her him up out into again still here now where who "
        "why each both most many much such these those their yes see get let need rather says "
        "unable sorry works says always never today tomorrow yesterday under over between use ask "
        "call visit check",
        "de": "der die das und ist nicht ein eine einen zu den mit von für auf sie ich es auch "
        "wird sind in dem im werden kann können oder wie als wenn aus sich wir nach keine da bei "
        "an um so nur noch bitte uns ihr ihre ihnen haben hat vor bis über durch war mich mir dich "
        "dir mein dein unser unsere euch dieser diese dieses hier dort wieder mehr sehr schon "
        "leider aber weil ob man einer eines einem zum zur vom am kein ja nein was wer",
        "fr": "le la les de des et est une un dans pour que qui pas sur avec ce cette il elle vous "
        "nous du au aux en sont par plus ne je mais à ou été être votre vos peut si après "
        "sans leur ces son se sa ses mon ma mes notre nos très bien aussi donc car cela ça ici où "
        "oui non veuillez avez avons ont suis sommes fait faire cet comme encore tout tous "
        "toute chez lui leurs",
        "es": "el la los las de que en un una es por con para no se su sus del al lo como más está "
        "pero son este esta si le ha han puede usted después sin muy ya también nos me mi mis te "
        "tu eso esto esa ese hay fue ser hoy aquí donde cuando porque sí nuestro nuestra desde "
        "hasta sobre puedo tengo quiero estoy unos unas les otra otro todo todos",
        "it": "il la di che è un una in per non con del della dei sono gli le si nel nella come "
        "più da questo questa anche ma alla lo ha può se dopo senza ci suo mi ti vi io noi sua "
        "nostro nostra al allo delle degli nei sul sulla dal dalla ho hai abbiamo questi queste "
        "qui dove quando perché sì no molto già ancora posso era essere stato tutto tutti",
        "pt": "os as de que em um uma é não para com da dos das na no por se mais como ao foi "
        "são você mas seu sua está pode após sem também nos já ou eu me meu minha isso isto esse "
        "essa este esta pela pelo do aos às ele ela nós nosso nossa muito aqui onde quando porque "
        "sim até sobre posso tenho quero estou ser há tudo todos",
        "nl": "de het een en van is niet dat op te zijn voor met die in er aan ook als maar om "
        "wordt worden je ik naar we uw kan kunnen na geen bij of dit deze heeft door uit nog u mij "
        "me mijn ons onze hun zij hij was werd wil mag moet dan hier daar wel nee ja zeer meer "
        "omdat tot over weer heb hebt hebben",
        "pl": "na nie się do to jest że jak ale po co tak za od przez dla są czy oraz jego ten ta "
        "te tym można może być lub już tylko jeśli które który bez przed mi mnie mam moje mój nam "
        "nas nasz nasza naszym naszej wam pan pani proszę tego tej tę ponieważ gdy kiedy gdzie "
        "tutaj bardzo też jeszcze jestem mogę",
        "sv": "och att det är en som på av för den med inte ett har jag till om kan men från de vi "
        "när ni du efter vara eller så var utan under din ditt alla mig dig min mitt mina vår vårt "
        "våra oss er detta dessa här där mycket också eftersom ska skulle vill måste nu igen bara "
        "blir blev han hon",
        "da": "og at det er en som på af for den med ikke et har jeg til om kan men fra de vi der "
        "når efter være eller så var uden din dit alle du ved mig dig min mit mine vores os jer "
        "dette disse her meget også fordi skal skulle vil må nu igen kun bliver blev han hun hvad "
        "noget mere",
        "no": "og at det er en som på av for den med ikke et har jeg til om kan men fra de vi der "
        "når etter være eller så var uten din ditt alle du ved meg deg min mitt mine vår vårt våre "
        "oss dere dette disse her veldig også fordi skal skulle vil må nå igjen bare blir ble han "
        "hun hva noe mer",
        "fi": "on ja ei se että oli ovat voi mutta kun niin myös tai jos kuin sen hän olen olet "
        "ole tämä tämän joka mitä sitä siitä kanssa voit sinun minun mukaan vielä nyt sekä ollut "
        "ne minä sinä he me te jo vain kuluessa takaisin eivät en et hyvin kiitos",
        "tr": "ve bir bu için ile mı mi mu çok daha ama gibi olarak olan var yok değil kadar sonra "
        "ne ben siz biz lütfen her şey veya ya ise çünkü göre içinde geri size bunu bana beni sizi "
        "bizim sizin onun şimdi burada nasıl neden hiç hiçbir üzgünüm maalesef evet hayır",
        "cs": "je se na že to do ve pro jako ale by jsem jsou nebo při si co tak ze už být podle "
        "po jen není může můžete prosím vám vás nás mi mě ho jeho její který která které aby když "
        "kde tady také ještě velmi bez od tento tato toto můj náš",
        "ro": "și de la în pe cu un nu este sunt care din pentru că să mai se dar ce sau vă dacă "
        "poate fi prin iar am ai au dumneavoastră după până nostru noastră acest această foarte "
        "aici unde când pot fost lui ei noi eu îl îmi le",
        "hu": "az és hogy nem is egy van ez de meg csak már el ha kell még mint vagy volt lehet "
        "kérjük belül ki be fel ezt azt mi ön nagyon itt ott én te ők nincs igen vissza után "
        "előtt vagyok tudok önnek",
        "id": "yang dan di ini itu untuk dengan tidak dari dalam ke ada akan pada juga adalah bisa "
        "dapat kami anda saya atau oleh sudah belum karena jika harus kembali mohon silakan kita "
        "dia mereka telah lebih sangat seperti bahwa maaf bukan",
        "vi": "là của và có không được trong cho với các một những này để từ khi bạn tôi sẽ đã "
        "đang chúng vui lòng hãy như nếu thể phải người rất cũng vào ra lại về tại hoặc nhưng",
    }.items()
}
MARKS = {
    "ß": "de",
    "ä": "de sv fi",
    "ö": "de sv fi tr hu",
    "ü": "de tr hu",
    "å": "sv da no",
    "æ": "da no",
    "ø": "da no",
    "ñ": "es",
    "¿": "es",
    "¡": "es",
    "ã": "pt vi",
    "õ": "pt vi",
    "ç": "fr pt tr",
    "à": "fr it pt vi",
    "è": "fr it vi",
    "ù": "fr it vi",
    "ì": "it vi",
    "ò": "it vi",
    "ê": "fr pt vi",
    "î": "fr ro",
    "û": "fr",
    "œ": "fr",
    "ł": "pl",
    "ą": "pl",
    "ę": "pl",
    "ś": "pl",
    "ź": "pl",
    "ż": "pl",
    "ć": "pl",
    "ń": "pl",
    "ř": "cs",
    "ů": "cs",
    "ě": "cs",
    "č": "cs",
    "š": "cs",
    "ž": "cs",
    "ğ": "tr",
    "ı": "tr",
    "ş": "tr",
    "ő": "hu",
    "ű": "hu",
    "ș": "ro",
    "ț": "ro",
    "ă": "ro vi",
    "ơ": "vi",
    "ư": "vi",
    "đ": "vi",
}
"""By letter, the languages in whose words it is frequent; one that many have ("é") is left out."""
ENDINGS = {
    ending: frozenset(codes.split())
    for ending, codes in {
        "ed": "en",
        "ing": "en",
        "tion": "en fr",
        "able": "en fr es",
        "ness": "en",
        "ung": "de",
        "lich": "de",
        "keit": "de",
        "isch": "de",
        "ment": "fr en",
        "eux": "fr",
        "ées": "fr",
        "és": "fr",
        "ez": "fr",
        "ique": "fr en",
        "ción": "es",
        "idad": "es",
        "ando": "es pt it",
        "aron": "es",
        "ção": "pt",
        "ções": "pt",
        "dade": "pt",
        "inho": "pt",
        "aram": "pt",
        "ione": "it",
        "ità": "it",
        "ato": "it",
        "zza": "it",
        "heid": "nl",
        "lijk": "nl",
        "ijk": "nl",
        "eren": "nl",
        "ość": "pl",
        "ego": "pl",
        "ych": "pl",
        "ować": "pl",
        "emy": "pl",
        "yor": "tr",
        "iniz": "tr",
        "mak": "tr",
        "mek": "tr",
        "ssa": "fi",
        "ssä": "fi",
    }.items()
}
"""By the last two to four letters of a word, the languages in which it is frequent."""
SIBLINGS = {"da", "no"}
"""Danish and Norwegian share most words: neither outvotes the other."""
LETTERS_OF = {
    "uk": frozenset("іїєґ"),
    "ru": frozenset("ыэёъ"),
    "fa": frozenset("پچژگکی"),
    "ar": frozenset("ةىكيأإ"),
}
"""Letters that tell two languages of one script apart."""
