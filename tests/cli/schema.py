# SPDX-License-Identifier: Apache-2.0
"""As much of JSON Schema as events.schema.json and train --schema use; an unknown keyword is an error, so that none is silently passed over."""

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
         "null": type(None)}
SAID = {"$schema", "title", "description", "default"}


def _is(value, name):
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


def faults(value, schema, place="$"):
    """Sentences on what is wrong with `value`; none if it fits."""
    found = []
    for keyword, rule in schema.items():
        if keyword in SAID or keyword == "properties":
            continue
        if keyword == "type":
            names = rule if isinstance(rule, list) else [rule]
            if not any(_is(value, name) for name in names):
                found.append(f"{place} is no {rule}")
        elif keyword == "required":
            found += [f"{place} lacks {key}" for key in rule if key not in value]
        elif keyword == "additionalProperties":
            assert rule is False
            found += [f"{place} has an unknown {key}" for key in value if key not in schema["properties"]]
        elif keyword == "const":
            found += [] if value == rule else [f"{place} is not {rule!r}"]
        elif keyword == "enum":
            found += [] if value in rule else [f"{place} is none of {rule}"]
        elif keyword == "minimum":
            found += [] if value >= rule else [f"{place} is less than {rule}"]
        elif keyword == "maximum":
            found += [] if value <= rule else [f"{place} is more than {rule}"]
        elif keyword == "items":
            items = value if isinstance(value, list) else []
            found += [fault for i, item in enumerate(items) for fault in faults(item, rule, f"{place}[{i}]")]
        elif keyword == "oneOf":
            fits = [one for one in rule if not faults(value, one, place)]
            found += [] if len(fits) == 1 else [f"{place} fits {len(fits)} of the alternatives: {value}"]
        else:
            raise AssertionError(f"schema.py does not know {keyword}")
    if isinstance(value, dict):
        for key, rule in schema.get("properties", {}).items():
            if key in value:
                found += faults(value[key], rule, f"{place}.{key}")
    return found
