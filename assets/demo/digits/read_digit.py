"""Says which digit a picture in the bucket shows: the one whose template differs least."""

import boto3
from digit_templates import TEMPLATES

objects = boto3.client("s3")


def pixels(picture):
    """The rows of a plain PGM picture."""
    words = [word for line in picture.splitlines() if not line.startswith("#") for word in line.split()]
    width, values = int(words[1]), [int(word) for word in words[4:]]
    return [values[start : start + width] for start in range(0, len(values), width)]


def difference(one, other):
    return sum(abs(a - b) for row, template in zip(one, other) for a, b in zip(row, template))


def handler(event, context):
    picture = objects.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read().decode()
    shown = pixels(picture)
    return {"digit": min(TEMPLATES, key=lambda digit: difference(shown, TEMPLATES[digit]))}
