"""Names of months in other languages than English, as dates are written with them: 3. März 2024, 12-ene-24."""

from __future__ import annotations

from seglib.sql import sql_literal

MONTHS = {
    "Jan": (
        "ene enero gen gennaio ian ianuarie jaenner jan janeiro janner januar januari january janv janvier "
        "led leden ledna oca ocak sty styczen stycznia tammi tammikuu tammikuuta січ січень січня янв январь "
        "января"
    ),
    "Feb": (
        "feb febbraio febr febrero februar februari februarie february fev fevereiro fevr fevrier helmi "
        "helmikuu helmikuuta lut lutego luty sub subat uno unor unora лют лютии лютого февр февраль февраля"
    ),
    "Mar": (
        "bre brezen brezna maalis maaliskuu maaliskuuta maart maerz mar marc marca march marcius marco mars "
        "mart martie marts marz marzec marzo mrt mrz бер березень березня мар март марта"
    ),
    "Apr": (
        "abr abril apr april aprile aprilie aprilis avr avril dub duben dubna huhti huhtikuu huhtikuuta kwi "
        "kwiecien kwietnia nis nisan апр апрель апреля квіт квітень квітня"
    ),
    "May": (
        "kve kveten kvetna mag maggio mai maio maj maja majus may mayo mayis mayıs mei touko toukokuu toukokuuta "
        "маи мая трав травень травня"
    ),
    "Jun": (
        "cerven cervna cvn cze czerwca czerwiec giu giugno haz haziran iun iunie juin jun june junho juni "
        "junio junius kesa kesakuu kesakuuta июн июнь июня черв червень червня"
    ),
    "Jul": (
        "cervence cervenec cvc heina heinakuu heinakuuta iul iulie juil juill juillet jul julho juli julio "
        "julius july lip lipca lipiec lug luglio tem temmuz июл июль июля лип липень липня"
    ),
    "Aug": (
        "ago agosto agu agustos aout aug august augusti augustus augusztus elo elokuu elokuuta sie sierpien "
        "sierpnia srp srpen srpna авг август августа серп серпень серпня"
    ),
    "Sep": (
        "eyl eylul sep sept september septembre septembrie septiembre set setembro settembre syys syyskuu "
        "syyskuuta szept szeptember wrz wrzesien wrzesnia zar zari вер вересень вересня сент сентябрь "
        "сентября"
    ),
    "Oct": (
        "eki ekim loka lokakuu lokakuuta oct october octobre octombrie octubre okt oktober ott ottobre out "
        "outubro paz pazdziernik pazdziernika rij rijen rijna жовт жовтень жовтня окт октябрь октября"
    ),
    "Nov": (
        "kas kasim kasım lis listopad listopada listopadu marras marraskuu marraskuuta noiembrie nov november "
        "novembre novembro noviembre лист листопад листопада нояб ноябрь ноября"
    ),
    "Dec": (
        "ara aralik aralık dec december decembre decembrie des desember dez dezember dezembro dic dicembre diciembre "
        "gru grudnia grudzien joulu joulukuu joulukuuta pro prosince prosinec груд грудень грудня дек декабрь "
        "декабря"
    ),
}
"""Names of months and their short forms, without accents, by the English one.

Those of the Unicode CLDR for Czech, Danish, Dutch, English, Finnish, French, German, Hungarian, Italian, Norwegian,
Polish, Portuguese, Romanian, Russian, Spanish, Swedish, Turkish and Ukrainian. No word means two months. Croatian is
left out, because its listopad is another month than that of its neighbours.
"""


def english_months(text: str) -> str:
    """Write the SQL of a text in which the first name of a month is the short English one; NULL if it has none.

    A point behind the name, ``de`` before and behind it, and the sign of an ordinal (1er, 3rd) go.
    """
    lowered = f"strip_accents(lower({text}))"
    every = [word for names in MONTHS.values() for word in names.split()]
    # the longest first: a regular expression takes the first that fits
    either = "|".join(sorted(every, key=lambda word: (-len(word), word)))
    word = f"regexp_extract({lowered}, {sql_literal(f'({either})')}, 1)"
    english = [month for month, names in MONTHS.items() for _ in names.split()]
    words_listed, months_listed = (", ".join(map(sql_literal, texts)) for texts in (every, english))
    month = f"([{months_listed}])[list_position([{words_listed}], {word})]"
    pattern = sql_literal(rf"(?:\bdel? )?\b?({either})\b?[.]?(?: del?\b)?")
    cleaned = rf"regexp_replace({lowered}, '^(\d+)(er|st|nd|rd|th|º|ª|o)\b', '\1')"
    return f"regexp_replace({cleaned}, {pattern}, {month})"
