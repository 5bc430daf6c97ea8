"""Who may do what: granted while we administer the roles, and only checked once another does.

The roles are in contracts/Roles.sol; none of them moves a wage. What is missing and not ours to change is told with the
calls that whoever administers must make.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from brownie import web3

# contracts/Roles.sol; 0 is the AccessManager's own
ADMIN, REGISTRAR, BANK, BUREAU, GUARDIAN, PAYOUT, WITNESS, ARBITER = range(8)
LABELS = {
    REGISTRAR: "REGISTRAR", BANK: "BANK", BUREAU: "BUREAU", GUARDIAN: "GUARDIAN", PAYOUT: "PAYOUT", WITNESS: "WITNESS",
    ARBITER: "ARBITER",
}  # fmt: skip
TOKEN_FUNCTIONS = {"mint": BANK, "burn": PAYOUT}
BANK_FUNCTIONS = {"settleLines": BANK, "returnLines": BANK, "settleDispute": BANK, "returnDispute": BANK}


@dataclass(frozen=True)
class Change:
    """One call to the role manager. `is_done` looks at the chain."""

    words: str
    is_done: Callable[[], bool]
    function: str
    arguments: tuple[Any, ...]


class Administration:
    """The role manager, and what may be changed there by `account` (None: this process has no key).

    Args:
        start_block: no event of the role manager is older.
        heir: who is to administer the roles; `delay` is how many seconds ahead it must announce a change.
    """

    def __init__(self, roles: Any, account: Any, start_block: int, heir: str | None, delay: int) -> None:
        self._roles, self._account, self._start_block = roles, account, start_block
        self._heir, self._delay = heir, delay
        self.is_ours = account is not None and tuple(roles.hasRole(ADMIN, account)) == (True, 0)
        self._missing: list[Change] = []

    # ------------------------------------------------------------ what is to be

    def limit(self, token: Any, bank: Any) -> None:
        """Says which role each protected function needs."""
        for contract, functions in ((token, TOKEN_FUNCTIONS), (bank, BANK_FUNCTIONS)):
            for role in sorted(set(functions.values())):
                names = [name for name, needs in functions.items() if needs == role]
                selectors = [contract.signatures[name] for name in names]
                self._do(Change(
                    f"{', '.join(names)} of {contract._name} for {LABELS[role]}",
                    lambda target=contract.address, selectors=selectors, role=role: all(
                        self._roles.getTargetFunctionRole(target, selector) == role for selector in selectors
                    ),
                    "setTargetFunctionRole", (contract.address, selectors, role),
                ))  # fmt: skip

    def name_roles(self) -> None:
        known = {log["roleId"]: log["label"] for log in self._events("RoleLabel")}
        for role, label in LABELS.items():
            self._do(Change(
                f"label {label}", lambda role=role, label=label: known.get(role) == label, "labelRole", (role, label)
            ))  # fmt: skip

    def grant(
        self, *, registrars: list[str], banks: list[str], bureaus: list[str], arbiters: list[str], guardians: list[str],
        witnesses: list[str], payout: str,
    ) -> None:  # fmt: skip
        members = {
            REGISTRAR: registrars, BANK: banks, BUREAU: bureaus, GUARDIAN: guardians, PAYOUT: [payout], WITNESS: witnesses,
            ARBITER: arbiters,
        }  # fmt: skip
        for role, addresses in members.items():
            for address in dict.fromkeys(addresses):
                self._do(self._granting(role, address, 0))

    def hand_over(self) -> None:
        """Another administers from now on, and we do not. The last step: nothing can be mended by us after it."""
        heir = self._heir
        if heir and self.is_ours:
            if heir == self._account.address:
                sys.exit(f"{heir} administers already: --admin names who is to do so after it.")
            if not bytes(web3.eth.get_code(heir)):
                print(f"Note: {heir} is a single key, not a wallet of several signers.")
            self._do(self._granting(ADMIN, heir, self._delay))
            self._expect_admin(heir)
            ours = self._account.address
            self._do(Change(
                f"ADMIN given up by {ours}", lambda: not self._roles.hasRole(ADMIN, ours)[0], "renounceRole", (ADMIN, ours)
            ))  # fmt: skip
            self.is_ours = False
        admins = self._members(ADMIN)
        if heir and admins != [heir]:
            sys.exit(f"The roles are administered by {_listed(admins)}, not by {heir} alone.")
        if heir:
            self._expect_admin(heir)
        for admin in admins:
            delay = self._roles.hasRole(ADMIN, admin)[1]
            print(f"The roles are administered by {admin}" + (f", {delay:,} s after announcing." if delay else "."))

    # ------------------------------------------------------------ what is

    def check(self, token: Any, bank: Any, anchor: Any) -> None:
        """Ends the process where anything of a role is not as it is to be."""
        if self._missing:
            sys.exit("\n".join(self._who_must_act()))
        for contract in (token, bank):
            if self._roles.isTargetClosed(contract):
                sys.exit(f"{contract._name} is closed: its protected functions answer nobody.")
        for role in LABELS:
            if (admin := self._roles.getRoleAdmin(role)) != ADMIN:
                sys.exit(f"{LABELS[role]} is granted by role {admin}, not by ADMIN.")
        if (burners := self._members(PAYOUT)) != [bank.address]:
            sys.exit(f"PAYOUT is held by {_listed(burners)}, not by {bank.address} alone.")
        for role, label in LABELS.items():
            print(f"{label}: {_listed(self._members(role))}")
        if (short := anchor.threshold() - len(self._members(WITNESS))) > 0:
            print(f"Note: evidence can be anchored once {short} more hold WITNESS: {anchor.threshold()} must sign.")

    def _expect_admin(self, heir: str) -> None:
        if (delay := self._roles.hasRole(ADMIN, heir)[1]) != self._delay:
            sys.exit(f"{heir} announces a change {delay:,} s ahead, not {self._delay:,} s: it is for {heir} to alter that.")

    def _members(self, role: int) -> list[str]:
        known = dict.fromkeys(log["account"] for log in self._events("RoleGranted", roleId=role))
        return [account for account in known if self._roles.hasRole(role, account)[0]]

    def _events(self, name: str, **filters: Any) -> list[Any]:
        event = web3.eth.contract(address=self._roles.address, abi=self._roles.abi).events[name]()
        return [log["args"] for log in _logs(event, filters, self._start_block, web3.eth.block_number)]

    # ------------------------------------------------------------ how it is brought about

    def _granting(self, role: int, address: str, delay: int) -> Change:
        return Change(
            f"{LABELS.get(role, 'ADMIN')} to {address}",
            lambda: tuple(self._roles.hasRole(role, address)) == (True, delay),
            "grantRole", (role, address, delay),
        )  # fmt: skip

    def _do(self, change: Change) -> None:
        if change.is_done():
            return
        if not self.is_ours:
            self._missing.append(change)
            return
        getattr(self._roles, change.function)(*change.arguments, {"from": self._account}, silent=True)
        print(change.words, flush=True)

    def _who_must_act(self) -> list[str]:
        admins = {account: self._roles.hasRole(ADMIN, account)[1] for account in self._members(ADMIN)}
        said = [f"{len(self._missing)} changes are missing, and not ours to make. On RoleManager {self._roles.address}:"]
        for change in self._missing:
            data = getattr(self._roles, change.function).encode_input(*change.arguments)
            said += [f"  {change.words}: {change.function}{change.arguments}", f"    {data}"]
        for admin, delay in admins.items():
            how = f"schedule(…) each, wait {delay:,} s, then execute(…)" if delay else "call them"
            said.append(f"{admin} administers the roles and must {how}.")
        return said if admins else [*said, "Nobody administers the roles any more: nothing of this can be changed."]


def _logs(event: Any, filters: dict[str, Any], first: int, last: int) -> list[Any]:
    """The logs of a range of blocks; in halves where a node will not answer for so many."""
    try:
        return list(event.get_logs(argument_filters=filters, from_block=first, to_block=last))
    except ValueError:
        if first >= last:
            raise
    middle = (first + last) // 2
    return _logs(event, filters, first, middle) + _logs(event, filters, middle + 1, last)


def _listed(addresses: list[str]) -> str:
    return ", ".join(addresses) or "nobody"
