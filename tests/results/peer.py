#!/usr/bin/env python3
"""Reads structured reports with highdicom and says what it gives: a line of JSON each.

    peer.py FILE...
"""
import json
import sys

import highdicom.sr
from pydicom.sr.codedict import codes


def code(value):
    return None if value is None else [value.value, value.scheme_designator, value.meaning]


def group(found):
    algorithm, image = [], None
    for item in found[0].ContentSequence:
        concept = item.ConceptNameCodeSequence[0].CodeValue
        if concept.startswith("11100"):
            algorithm.append([concept, item.TextValue])
        if item.ValueType == "IMAGE":
            image = item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    return {
        "finding": code(found.finding_type),
        "sites": [code(site.value) for site in found.finding_sites],
        "certainty": [float(number.value) for number in found.get_measurements(name=codes.DCM.CertaintyOfFinding)],
        "band": [code(item.value) for item in found.get_qualitative_evaluations()],
        "algorithm": algorithm,
        "image": image,
    }


def main():
    for file in sys.argv[1:]:
        report = highdicom.sr.srread(file)
        content = highdicom.sr.MeasurementReport.from_sequence(report.content)
        groups = content.get_image_measurement_groups()
        print(json.dumps({"patient": str(report.PatientName), "groups": [group(found) for found in groups]}))


main()
