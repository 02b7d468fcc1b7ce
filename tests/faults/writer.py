"""A writer to be killed: appends, and prints each revision once it is acknowledged."""

import sys

from dispatch.journal.sqlite import SqliteJournal
from tests.dispatch.journal.facts import NETWORK, Story


def main(path: str, seed: int) -> None:
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        story = Story(seed, largest=4_000)
        story.resume([record.body for record in journal.read()], [])
        print("ready", flush=True)
        while True:
            journal.append(story.batch())
            print(journal.last_revision, journal.last_hash.hex(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
