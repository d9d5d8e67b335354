#!/usr/bin/env python3
"""A sender for the tests: sends files by C-STORE, their data sets byte for byte, and says how each was answered.

    peer.py PORT FILE...        one association; a line of JSON a file, with the status (or null: no answer)
"""
import json
import sys

from pydicom import dcmread
from pynetdicom import AE, _config

# The bytes of the file go out as they are, not decoded and encoded again.
_config.STORE_SEND_CHUNKED_DATASET = True


def main():
    port, files = int(sys.argv[1]), sys.argv[2:]
    entity = AE(ae_title="PEER")
    # A receiver that has died is waited for to the end of dimse_timeout.
    entity.acse_timeout, entity.dimse_timeout, entity.network_timeout = 60, 10, 60
    wanted = {}
    for file in files:
        meta = dcmread(file, stop_before_pixels=True, force=True).file_meta
        wanted.setdefault((meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID), []).append(file)
    for sop_class, syntax in wanted:
        entity.add_requested_context(sop_class, syntax)
    association = entity.associate("127.0.0.1", port, ae_title="CXRTRIAGE")
    for pair in wanted:
        for file in wanted[pair]:
            status, reason = None, None
            try:
                if association.is_established:
                    status = association.send_c_store(file).get("Status")
            except (ValueError, RuntimeError) as error:
                reason = str(error)
            print(json.dumps({"file": file, "status": status, "reason": reason}), flush=True)
    if association.is_established:
        association.release()


main()
