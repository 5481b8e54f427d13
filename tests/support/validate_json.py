#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Validates JSON documents against a JSON Schema of draft 2020-12, for tests in C++.

usage: validate_json.py <FILE

FILE is an object with `schema` and `documents`. Prints an array with the first error of each document, or an empty string
for a valid one. The status is 0, 1 if the schema itself is invalid, and 77 if python3-jsonschema is not installed.
"""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed", file=sys.stderr)
    sys.exit(77)


def main():
    asked = json.load(sys.stdin)
    schema = asked["schema"]
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        print(f"the schema is invalid: {error.json_path}: {error.message}", file=sys.stderr)
        return 1
    validator = jsonschema.Draft202012Validator(schema)
    answers = []
    for document in asked["documents"]:
        error = next(validator.iter_errors(document), None)
        answers.append("" if error is None else f"{error.json_path}: {error.message}")
    json.dump(answers, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
