"""Makes the emoji of Hedgerow: the font, the gaps for its pictures in Inter, the list of what can be picked, and the names in each language.

    make.py TWEMOJI.woff2 UNICODE-EMOJI-JSON CLDR-ANNOTATIONS-FULL CLDR-ANNOTATIONS-DERIVED-FULL

The first is the font of the npm package `twemoji-colr-font`, the others are the unpacked npm packages of these names.
The two fonts of Inter are changed in place: begin with those that were published.
Needs `fonttools` and `brotli`. Run it in this directory.
"""

import json
import pathlib
import sys

from fontTools import subset
from fontTools.otlLib.builder import buildLigatureSubstSubtable, buildLookup
from fontTools.ttLib import TTFont
from fontTools.ttLib.reorderGlyphs import reorderGlyphs
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from fontTools.ttLib.tables._g_l_y_f import Glyph

TWEMOJI, LIST, FULL, DERIVED = map(pathlib.Path, sys.argv[1:])
LANGUAGES = ["en", "ar", "bg", "da", "es", "fa", "fr", "he", "lv", "ro", "sv", "uk"]
TONES = range(0x1F3FB, 0x1F400)
SELECTOR = 0xFE0F
# Pictures, although Inter has a letter for them.
AS_PICTURES = {0x23CF, 0x24C2, 0x25B6, 0x25C0, 0x2600, 0x2665, 0x26A0, 0x2764, 0x2B06, 0x2B1C}
# Wider than a letter is high: at the size of the text one would not see what it is.
UNITS_PER_EM = 432


def variants(sequence):
    """The same with and without each of the selectors that ask for a picture."""
    if not sequence:
        return [()]
    rest = variants(sequence[1:])
    kept = [(sequence[0], *tail) for tail in rest]
    return kept + rest if sequence[0] == SELECTOR else kept


def bare(sequence):
    return tuple(point for point in sequence if point != SELECTOR)


def is_mixed(sequence):
    """Two people of different colours of skin: nobody can pick them here, and they are a fifth of all pictures."""
    return len({point for point in sequence if point in TONES}) > 1


def pictures(font):
    """Which glyph is the picture of which sequence, in the order of the sequences."""
    names = {name: point for point, name in font.getBestCmap().items()}
    known = {(point,): name for name, point in names.items()}
    (lookup,) = font["GSUB"].table.LookupList.Lookup
    for table in lookup.SubTable:
        for first, ligatures in table.ligatures.items():
            for ligature in ligatures:
                known[tuple(names[name] for name in (first, *ligature.Component))] = ligature.LigGlyph
    drawn = font["COLR"].ColorLayers
    known = {sequence: name for sequence, name in known.items() if name in drawn and not is_mixed(sequence)}
    return dict(sorted(known.items()))


def colours(font, known):
    """The pictures alone, from the first glyph on, without anything by which to find them."""
    glyphs = list(dict.fromkeys(known.values()))
    options = subset.Options(
        hinting=False, layout_features=[], drop_tables=["FFTM", "GDEF", "GSUB", "gasp", "cvt "], notdef_outline=True, glyph_names=True
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(glyphs=glyphs)
    subsetter.subset(font)
    rest = [name for name in font.getGlyphOrder() if name not in set(glyphs) | {".notdef"}]
    reorderGlyphs(font, [".notdef", *glyphs, *rest])
    font["cmap"].tables = []
    font["post"].formatType = 3
    font["head"].unitsPerEm = UNITS_PER_EM
    font.save("../fonts/Twemoji.ttf")
    return glyphs


def letters(path, known, glyphs):
    """A font of letters in which each picture has a gap: the last glyphs, in the order of the pictures."""
    font = TTFont(path, recalcTimestamp=False)
    kept = set(font.getBestCmap()) - AS_PICTURES
    options = subset.Options(
        layout_features=["ccmp", "locl", "kern", "mark", "mkmk"], notdef_outline=True, name_IDs=["*"], name_languages=["*"], hinting=True
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=kept)
    subsetter.subset(font)
    wide = round(font["head"].unitsPerEm * 512 / UNITS_PER_EM)
    cmap = {}
    helpers = {point: f"part{point:x}" for sequence in known for point in sequence if point not in kept and (point,) not in known}
    gaps = {name: f"gap{at}" for at, name in enumerate(glyphs)}
    # What is only a part of sequences is nothing by itself.
    new = [(name, 0) for name in helpers.values()] + [(name, wide) for name in gaps.values()]
    font.setGlyphOrder(font.getGlyphOrder() + [name for name, _ in new])
    for name, advance in new:
        font["glyf"].glyphs[name] = Glyph()
        font["hmtx"].metrics[name] = (advance, 0)
    font["glyf"].glyphOrder = font.getGlyphOrder()
    cmap |= helpers
    # What has a letter stays one, unless a selector asks for the picture.
    cmap |= {sequence[0]: gaps[name] for sequence, name in known.items() if len(sequence) == 1 and sequence[0] not in kept}
    add_points(font, cmap)
    points = font.getBestCmap()
    ligatures = {}
    for sequence, name in known.items():
        asked = (*sequence, SELECTOR) if len(sequence) == 1 else sequence
        for variant in variants(asked):
            if len(variant) > 1:
                ligatures[tuple(points[point] for point in variant)] = gaps[name]
    add_ligatures(font, ligatures)
    font.save(path)


def add_points(font, cmap):
    """To all tables that hold as much."""
    tables = [table for table in font["cmap"].tables if table.isUnicode()]
    if not any(table.format == 12 for table in tables):
        large = CmapSubtable.newSubtable(12)
        large.platformID, large.platEncID, large.language = 3, 10, 0
        large.cmap = dict(font.getBestCmap())
        font["cmap"].tables.append(large)
        tables.append(large)
    for table in tables:
        if table.format in (4, 12):
            table.cmap |= {point: name for point, name in cmap.items() if table.format == 12 or point < 0x10000}


def add_ligatures(font, ligatures):
    """In every script and language, after all that is done already."""
    table = font["GSUB"].table
    lookup = buildLookup([buildLigatureSubstSubtable(ligatures)])
    table.LookupList.Lookup.append(lookup)
    last = len(table.LookupList.Lookup) - 1
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "ccmp":
            record.Feature.LookupListIndex.append(last)
    systems = [record.Script.DefaultLangSys for record in table.ScriptList.ScriptRecord]
    systems += [language.LangSys for record in table.ScriptList.ScriptRecord for language in record.Script.LangSysRecord]
    for system in filter(None, systems):
        assert any(table.FeatureList.FeatureRecord[at].FeatureTag == "ccmp" for at in system.FeatureIndex)


def toned(sequence):
    rest = sequence[2:] if sequence[1:2] == (SELECTOR,) else sequence[1:]
    return (sequence[0], TONES[0], *rest)


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


twemoji = TTFont(TWEMOJI, recalcTimestamp=False)
twemoji.flavor = None
known = pictures(twemoji)
glyphs = colours(twemoji, known)
for name in ["Inter-Regular.ttf", "Inter-SemiBold.ttf"]:
    letters(f"../fonts/{name}", known, glyphs)
print(len(glyphs), "pictures")
groups = list(pickable(known))
flat = [emoji for _, group in groups for emoji, _ in group]
lines = []
for name, group in groups:
    lines += [f"= {name}"] + [emoji + (" tones" if has_tones else "") for emoji, has_tones in group]
pathlib.Path("list.txt").write_text("\n".join(lines) + "\n")
pathlib.Path("names").mkdir(exist_ok=True)
for language in LANGUAGES:
    pathlib.Path(f"names/{language}.txt").write_text("\n".join(names(language, flat)) + "\n")
