"""In which characters Chinese is written: simplified or traditional."""

MIN_SIGNS = 3
"""Characters of one kind from which on it counts."""
MIN_LEAD = 5
"""How many times the characters of the other kind they have to be."""

_PAIRS = (
    "们們这這个個来來时時说說会會对對过過还還没沒么麼为為问問关關开開长長门門见見现現东東车車书書"
    "电電话話语語请請谢謝让讓认認识識记記设設计計论論许許该該词詞试試谁誰调調读讀证證评評应應实實"
    "业業产產务務动動华華历歷压壓发發变變号號员員团團国國图圖场場块塊处處备備头頭学學宽寬对對导導"
    "将將层層岁歲师師带帶帮幫归歸当當录錄总總战戰户戶报報担擔据據换換数數断斷无無旧舊显顯机機权權"
    "条條标標样樣检檢欢歡气氣汉漢决決况況测測济濟热熱爱愛牵牽状狀独獨环環画畫确確离離种種称稱积積"
    "稳穩穷窮节節类類红紅级級纪紀纸紙线線组組结結给給统統经經继繼续續编編网網罗羅买買卖賣费費质質"
    "贵貴货貨贴貼运運进進远遠连連选選适適边邊难難项項须須顺順预預领領题題额額风風飞飛饭飯馆館验驗"
    "鱼魚鸟鳥点點齐齊龙龍内內负負责責销銷钱錢错錯键鍵间間闻聞队隊际際陆陸随隨双雙单單却卻厂廠"
)
_SIMPLIFIED = frozenset(_PAIRS[::2])
_TRADITIONAL = frozenset(_PAIRS[1::2])


def script_of_chinese(text: str) -> str:
    """Return "Hans" for simplified characters, "Hant" for traditional ones, "" where undecided."""
    simplified = sum(char in _SIMPLIFIED for char in text)
    traditional = sum(char in _TRADITIONAL for char in text)
    for name, these, those in (
        ("Hans", simplified, traditional),
        ("Hant", traditional, simplified),
    ):
        if these >= MIN_SIGNS and these >= MIN_LEAD * those:
            return name
    return ""
