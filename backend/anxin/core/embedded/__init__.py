"""PostgreSQL and an EVM chain on this machine, for whoever has neither: the real servers, started and stopped by us.

Both keep their files in one state folder (`.anxin`). Whoever opens a folder first owns its servers and stops them; a
second process becomes their guest. A server that outlived its owner's `kill -9` is found again and adopted with all it
holds.
"""

from anxin.core.embedded.anvil import EmbeddedChain
from anxin.core.embedded.errors import EmbeddedError
from anxin.core.embedded.postgres import EmbeddedPostgres

__all__ = ["EmbeddedChain", "EmbeddedError", "EmbeddedPostgres"]
