"""Small repairs to Brownie 1.22.2, made only where its pytest plugin is loaded (not with -p no:pytest-brownie)."""

import contextlib
import gc
import importlib
import os
import socket
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ["PATH"] = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"  # Brownie starts `anvil` by name

if "brownie" in sys.modules:
    # Brownie sets an attribute on this module, which newer hypothesis no longer imports by itself.
    import brownie
    import hypothesis.extra.pytestplugin  # noqa: F401
    from web3.exceptions import TransactionNotFound

    rpc = sys.modules["brownie.network.rpc"]
    anvil = importlib.import_module("brownie.network.rpc.anvil")
    transaction = importlib.import_module("brownie.network.transaction")
    contract = importlib.import_module("brownie.network.contract")
    stateful = importlib.import_module("brownie.test.stateful")

    # Newer hypothesis passes more arguments; the override only colours a spinner.
    if "check_invariants" in vars(stateful._BrownieStateMachine):
        del stateful._BrownieStateMachine.check_invariants
    # chain.mine(timestamp=...) sends evm_mine a bare number where JSON-RPC wants a list.
    anvil.mine = lambda timestamp=None: anvil._request("evm_mine", [] if timestamp is None else [timestamp])
    # Deployed code is compared byte for byte, so a contract with an immutable (every EIP712 one) loses its
    # source map, and with it coverage, dev revert strings and tracebacks.
    contract._verify_deployed_code = lambda *args: True
    # anvil counts a sender's transaction a moment before its receipt can be asked for; Brownie takes that for a drop.
    await_confirmation = transaction.TransactionReceipt._await_confirmation

    def await_receipt(self, *args, **kwargs):
        for _ in range(200):
            with contextlib.suppress(TransactionNotFound):
                brownie.web3.eth.get_transaction_receipt(self.txid)
                break
            time.sleep(0.01)
        return await_confirmation(self, *args, **kwargs)

    transaction.TransactionReceipt._await_confirmation = await_receipt

    def refuse_to_attach(self, laddr):
        raise RuntimeError(f"{laddr} is somebody's chain: these tests rewind theirs, and start their own")

    rpc.Rpc.attach = refuse_to_attach

    def pytest_sessionstart(session):
        # A port of this run's own: Brownie would attach to any chain it found on a fixed one, and rewind it.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        network = brownie._config.CONFIG.settings["networks"]["default"]
        brownie._config.CONFIG.networks[network]["cmd_settings"]["port"] = port

    def pytest_collection_finish(session):
        # Brownie runs gc.collect() at each snapshot and revert; with the project's build data out of its way
        # a suite runs in half the time.
        gc.collect()
        gc.freeze()
