#!/usr/bin/env python3
"""A PACS for the tests, whose moods are a file's word.

    pacs.py PORT FOLDER

FOLDER/mode is read at each step: take, warn, refuse, slow, drop, reject, no-reports. Each object that comes is a line of
JSON in FOLDER/log: study, class, instance, predecessors, and the status that it was answered with (null: none).
"""
import json
import pathlib
import sys
import threading
import time

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Comprehensive3DSRStorage, SecondaryCaptureImageStorage, Verification

PORT, FOLDER = int(sys.argv[1]), pathlib.Path(sys.argv[2])
STATUS = {"take": 0x0000, "slow": 0x0000, "no-reports": 0x0000, "warn": 0xB000, "refuse": 0xA700}
LOG = threading.Lock()


def mode():
    return (FOLDER / "mode").read_text().strip()


def note(event, status):
    data = event.dataset
    line = {
        "study": data.StudyInstanceUID,
        "class": event.request.AffectedSOPClassUID,
        "instance": event.request.AffectedSOPInstanceUID,
        "predecessors": [
            instance.ReferencedSOPInstanceUID
            for study in data.get("PredecessorDocumentsSequence", [])
            for series in study.ReferencedSeriesSequence
            for instance in series.ReferencedSOPSequence
        ],
        "status": status,
    }
    with LOG, open(FOLDER / "log", "a") as log:
        log.write(json.dumps(line) + "\n")


def requested(event):
    event.assoc.ae.require_calling_aet = ["NOBODY"] if mode() == "reject" else []
    if mode() == "no-reports":
        event.assoc.acceptor.supported_contexts = [
            build_context(SecondaryCaptureImageStorage),
            build_context(Verification),
        ]


def store(event):
    status = STATUS.get(mode())
    if mode() == "slow":
        note(event, None)
        time.sleep(3)
    note(event, status)
    if status is None:
        event.assoc.abort()
        return 0xC000
    if mode() == "refuse":
        answer = Dataset()
        answer.Status = status
        # As some do, it says whose result it does not want.
        answer.ErrorComment = f"full: {event.dataset.PatientName} {event.dataset.PatientID}"[:64]
        return answer
    return status


def main():
    entity = AE(ae_title="PACS")
    for sop_class in (Comprehensive3DSRStorage, SecondaryCaptureImageStorage, Verification):
        entity.add_supported_context(sop_class)
    handlers = [(evt.EVT_REQUESTED, requested), (evt.EVT_C_STORE, store)]
    print("ready" if entity.start_server(("127.0.0.1", PORT), block=False, evt_handlers=handlers) else "", flush=True)
    threading.Event().wait()


main()
