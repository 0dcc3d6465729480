#!/usr/bin/env python3
"""Draws the digits of the demo: writes the layer's templates and the steps that upload the pictures.

The shapes below are the only source; run this again after changing them. The pictures are plain PGM, so that
they can be read as text, and are the templates with some noise from a fixed seed.
"""

import base64
import json
import pathlib
import random

SHAPES = """
.###. ..#.. .###. .###. ...#. ##### .###. ##### .###. .###.
#...# .##.. #...# #...# ..##. #.... #.... ....# #...# #...#
#..## ..#.. ....# ....# .#.#. ####. ####. ...#. #...# #...#
#.#.# ..#.. ...#. ..##. #..#. ....# #...# ..#.. .###. .####
##..# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# ..#.. #...# ....#
.###. .###. ##### .###. ...#. .###. .###. ..#.. .###. .###.
"""
INK, PAPER, NOISE = 9, 0, 3
PICTURES_PER_DIGIT = 2

here = pathlib.Path(__file__).parent
rows = [line.split() for line in SHAPES.split("\n") if line]
templates = {digit: [[INK if dot == "#" else PAPER for dot in row[digit]] for row in rows] for digit in range(10)}

lines = ['"""One template for each digit: rows of ink from 0 to 9. Written by make.py."""\n', "TEMPLATES = {"]
lines += [f"    {digit}: {shape}," for digit, shape in templates.items()]
(here / "digit_templates.py").write_text("\n".join(lines + ["}", ""]))


def picture(digit, chance):
    """The digit as plain PGM, with noise."""

    def dot(ink):
        noise = chance.randint(0, NOISE)
        return ink - noise if ink == INK else ink + noise

    text = "\n".join(" ".join(str(dot(ink)) for ink in row) for row in templates[digit])
    return f"P2\n{len(templates[digit][0])} {len(templates[digit])}\n{INK}\n{text}\n"


chance = random.Random(1)
bucket = {"Bucket": "digits"}


def step(operation, **given):
    return {"service": "s3", "region": "us-east-1", "operation": operation, "input": bucket | given}


steps = [
    step("CreateBucket"),
    step("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"}),
    step("PutBucketTagging", Tagging={"TagSet": [{"Key": "team", "Value": "vision"}]}),
]
for digit in range(10):
    for number in range(1, PICTURES_PER_DIGIT + 1):
        body = base64.b64encode(picture(digit, chance).encode()).decode()
        steps.append(
            step(
                "PutObject",
                Key=f"pictures/{digit}/{number}.pgm",
                Body=body,
                ContentType="image/x-portable-graymap",
                Metadata={"shows": str(digit)},
            )
        )
(here / "1-pictures.json").write_text("[\n  " + ",\n  ".join(json.dumps(s) for s in steps) + "\n]\n")
