"""Languages of streams: ISO 639-2 codes, as containers write them, to RFC 5646 tags and what a player shows."""

import re

# Three letters (both forms where ISO 639-2 has two), tag, own name. RFC 5646, 2.2.1: the shortest code is the tag.
_KNOWN = """
ara ar العربية | ben bn বাংলা | bul bg Български | cat ca Català | ces/cze cs Čeština | cym/wel cy Cymraeg
dan da Dansk | deu/ger de Deutsch | ell/gre el Ελληνικά | eng en English | est et Eesti | eus/baq eu Euskara
fas/per fa فارسی | fin fi Suomi | fra/fre fr Français | gle ga Gaeilge | glg gl Galego | heb he עברית
hin hi हिन्दी | hrv hr Hrvatski | hun hu Magyar | hye/arm hy Հայերեն | ind id Indonesia | isl/ice is Íslenska
ita it Italiano | jpn ja 日本語 | kat/geo ka ქართული | kaz kk Қазақ | kor ko 한국어 | lav lv Latviešu
lit lt Lietuvių | mkd/mac mk Македонски | msa/may ms Melayu | nld/dut nl Nederlands | nno nn Nynorsk
nob nb Bokmål | nor no Norsk | pol pl Polski | por pt Português | ron/rum ro Română | rus ru Русский
slk/slo sk Slovenčina | slv sl Slovenščina | spa es Español | sqi/alb sq Shqip | srp sr Српски | swa sw Kiswahili
swe sv Svenska | tam ta தமிழ் | tel te తెలుగు | tha th ไทย | tur tr Türkçe | ukr uk Українська | urd ur اردو
vie vi Tiếng Việt | zho/chi zh 中文
"""
_TAGS: dict[str, str] = {}
_NAMES: dict[str, str] = {}
for _entry in _KNOWN.strip().replace("\n", " | ").split(" | "):
    _codes, _tag, _name = _entry.split(" ", 2)
    _NAMES[_tag] = _name
    _TAGS |= dict.fromkeys(_codes.split("/"), _tag)

_WELL_FORMED = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx", "unk"})


def tag_of(written: str | None) -> str | None:
    """The RFC 5646 tag of a language as a container writes it; None where it says none, or nonsense."""
    code, _, rest = (written or "").strip().replace("_", "-").partition("-")
    code = code.lower()
    if code in _NO_LANGUAGE:
        return None
    tag = _TAGS.get(code, code) + (f"-{rest}" if rest else "")
    return tag if _WELL_FORMED.fullmatch(tag) else None


def name_of(tag: str | None) -> str | None:
    """The language's own name for a player's menu; the tag itself where we know none; None for None."""
    if tag is None:
        return None
    language = tag.partition("-")[0]
    name = _NAMES.get(language, language)
    return name if tag == language else f"{name} ({tag})"
