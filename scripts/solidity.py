"""Our contracts, asked of the pinned compiler: its standard JSON in, its answer out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOLC = ROOT / ".solcx" / "solc-v0.8.37"


def compiled(sources: dict[str, str], **settings: Any) -> dict[str, Any]:
    """Source text by path in; the compiler's `sources` and `contracts` out. Ends the process where it finds an error."""
    known = {"remappings": ["@openzeppelin=node_modules/@openzeppelin"], "evmVersion": "osaka", **settings}
    request = {
        "language": "Solidity", "sources": {path: {"content": text} for path, text in sources.items()}, "settings": known,
    }  # fmt: skip
    answer = subprocess.run(
        [str(SOLC), "--standard-json"], cwd=ROOT, input=json.dumps(request).encode(), capture_output=True, check=True
    )
    said: dict[str, Any] = json.loads(answer.stdout)
    if errors := [error["formattedMessage"] for error in said.get("errors", []) if error["severity"] == "error"]:
        sys.exit("\n".join(errors))
    return said
