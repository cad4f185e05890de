"""Makes the emoji of Hedgerow: the font, the list of what can be picked, and the names in each language.

    make.py TWEMOJI.woff2 UNICODE-EMOJI-JSON CLDR-ANNOTATIONS-FULL CLDR-ANNOTATIONS-DERIVED-FULL

The first is the font of the npm package `twemoji-colr-font`, the others are the unpacked npm packages of these names.
Needs `fonttools` and `brotli`. Run it in this directory.
"""

import json
import pathlib
import sys

from fontTools import subset
from fontTools.otlLib.builder import buildLigatureSubstSubtable
from fontTools.ttLib import TTFont

TWEMOJI, LIST, FULL, DERIVED = map(pathlib.Path, sys.argv[1:])
LANGUAGES = ["en", "bg", "da", "lv", "ro", "sv"]
TONES = range(0x1F3FB, 0x1F400)
SELECTOR = 0xFE0F
# Wider than a letter is high: at the size of the text one would not see what it is.
UNITS_PER_EM = 432


def variants(sequence):
    """The same with and without each of the selectors that ask for a picture."""
    if not sequence:
        return [()]
    rest = variants(sequence[1:])
    kept = [(sequence[0], *tail) for tail in rest]
    return kept + rest if sequence[0] == SELECTOR else kept


def is_mixed(sequence):
    """Two people of different colours of skin: nobody can pick them here, and they are a fifth of all pictures."""
    return len({point for point in sequence if point in TONES}) > 1


def font():
    """Smaller, without names of glyphs, and with its sequences also as they come without selectors."""
    made = TTFont(TWEMOJI, recalcTimestamp=False)
    made.flavor = None
    names = {name: point for point, name in made.getBestCmap().items()}
    (lookup,) = made["GSUB"].table.LookupList.Lookup
    known = {}
    for table in lookup.SubTable:
        for first, ligatures in table.ligatures.items():
            for ligature in ligatures:
                sequence = tuple(names[name] for name in (first, *ligature.Component))
                known[sequence] = ligature.LigGlyph
    ligatures = {}
    for sequence, glyph in known.items():
        if not is_mixed(sequence):
            for variant in variants(sequence):
                if len(variant) > 1:
                    ligatures[tuple(made.getBestCmap()[point] for point in variant)] = glyph
    lookup.SubTable = [buildLigatureSubstSubtable(ligatures)]
    made["head"].unitsPerEm = UNITS_PER_EM
    options = subset.Options(
        layout_features=["*"], hinting=False, glyph_names=False, notdef_outline=True, name_IDs=["*"], drop_tables=["FFTM", "GDEF", "gasp", "cvt "]
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=made.getBestCmap())
    subsetter.subset(made)
    made.save("../fonts/Twemoji.ttf")
    return {sequence for sequence in known if not is_mixed(sequence)} | {(point,) for point in names.values()}


def toned(sequence):
    rest = sequence[2:] if sequence[1:2] == (SELECTOR,) else sequence[1:]
    return (sequence[0], TONES[0], *rest)


def bare(sequence):
    return tuple(point for point in sequence if point != SELECTOR)


def pickable(drawn):
    """What can be picked, by group, and whether its skin has a colour."""
    drawn = {bare(sequence) for sequence in drawn}
    groups = json.loads((LIST / "data-by-group.json").read_text())
    for group in groups:
        emoji = []
        for one in group["emojis"]:
            sequence = tuple(map(ord, one["emoji"]))
            if bare(sequence) in drawn:
                emoji.append((one["emoji"], one["skin_tone_support"] and bare(toned(sequence)) in drawn))
        yield group["name"], emoji


def names(language, emoji):
    """For each its name, and the words by which it is found."""
    annotations = {}
    for package, folder, key in [(DERIVED, "annotationsDerived", "annotationsDerived"), (FULL, "annotations", "annotations")]:
        file = package / folder / language / "annotations.json"
        annotations |= json.loads(file.read_text())[key]["annotations"]
    annotations = {bare(map(ord, one)): found for one, found in annotations.items()}
    english = json.loads((LIST / "data-by-emoji.json").read_text())
    for one in emoji:
        found = annotations.get(bare(map(ord, one)), {})
        name = found.get("tts", [english[one]["name"]])[0]
        told = set(name.lower().replace(":", " ").replace(",", " ").split())
        words = [word for word in found.get("default", []) if not set(word.lower().split()) <= told]
        yield "|".join([name, *words])


groups = list(pickable(font()))
flat = [emoji for _, group in groups for emoji, _ in group]
lines = []
for name, group in groups:
    lines += [f"= {name}"] + [emoji + (" tones" if has_tones else "") for emoji, has_tones in group]
pathlib.Path("list.txt").write_text("\n".join(lines) + "\n")
pathlib.Path("names").mkdir(exist_ok=True)
for language in LANGUAGES:
    pathlib.Path(f"names/{language}.txt").write_text("\n".join(names(language, flat)) + "\n")
