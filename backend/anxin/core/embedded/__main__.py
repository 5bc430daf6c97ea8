"""`python -m anxin.core.embedded remove FOLDER`: ends the servers of a state folder and deletes it, data included."""

import asyncio
import shutil
import sys
from pathlib import Path

from anxin.core.embedded import EmbeddedChain, EmbeddedError, EmbeddedPostgres
from anxin.core.embedded.places import outside_folder


async def remove(state: Path) -> None:
    await EmbeddedPostgres(state).end()
    await EmbeddedChain(state).end()
    shutil.rmtree(state, ignore_errors=True)
    shutil.rmtree(outside_folder(state), ignore_errors=True)


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] != "remove":
        sys.exit(__doc__)
    try:
        asyncio.run(remove(Path(sys.argv[2]).resolve()))
    except EmbeddedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
