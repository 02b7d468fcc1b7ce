"""Chain: one hash a batch, each over the one before, so that no fact changes unseen.

Every length is hashed before what it measures: bytes cannot slide from one field into the next.
A store of another kind keeps the same chain and so can be compared with this one.
"""

from __future__ import annotations

import hashlib
import struct

from dispatch.journal.journal import Batch

HASH_BYTES = 32

_pair = struct.Struct(">QQ").pack
_one = struct.Struct(">Q").pack


def genesis(network_checksum: str, created: str) -> bytes:
    """Hash that the first batch follows.

    Parameters
    ----------
    network_checksum
        The road network the journal is made on.
    created
        The instant the journal was made, as it is stored.

    Returns
    -------
    bytes
        sha256, 32 bytes: it ties the chain to this journal and this network.
    """
    parts = [b"citydispatch journal 1"]
    for text in (network_checksum, created):
        encoded = text.encode()
        parts += (_one(len(encoded)), encoded)
    return hashlib.sha256(b"".join(parts)).digest()


def batch_hash(previous: bytes, number: int, batch: Batch) -> bytes:
    """Hash of a batch, over the hash of the one before.

    Parameters
    ----------
    previous
        Hash of batch ``number - 1``, or :func:`genesis`.
    number
        Place of the batch in the journal, from 1.
    batch
        Its records, answers and state hash.

    Returns
    -------
    bytes
        sha256, 32 bytes.
    """
    parts = [previous, _pair(number, len(batch.records))]
    for record in batch.records:
        parts += (_pair(record.revision, len(record.body)), record.body)
    parts.append(_one(len(batch.answers)))
    for answer in batch.answers:
        client, request_id = answer.client.encode(), answer.request_id.encode()
        for field in (client, request_id, answer.fingerprint, answer.answer):
            parts += (_one(len(field)), field)
        parts.append(_one(answer.revision))
    state_hash = batch.state_hash or b""
    parts += (_one(len(state_hash)), state_hash)
    return hashlib.sha256(b"".join(parts)).digest()
