"""Who holds a role on chain: OpenZeppelin's AccessManager, at the newest block. Numbers as in Roles.sol."""

from datetime import UTC, datetime

from anxin.chain.reader import read_view
from anxin.chain.rpc import Rpc, RpcUnreachable
from anxin.core.deployment import Deployment

BANK = 2


async def holds_role(rpc: Rpc, deployment: Deployment, role: int, address: str) -> tuple[bool, datetime]:
    """Return whether `address` holds `role` and may act at once, and the block's time. Raises RpcUnreachable, RpcError."""
    head = await rpc.head()
    header = await rpc.block(head)
    if header is None:
        raise RpcUnreachable(f"the node does not have its own newest block {head}")
    is_member, delay = await read_view(
        rpc, "RoleManager", deployment.addresses.roles, "hasRole", head, roleId=role, account=address
    )
    return bool(is_member) and not delay, datetime.fromtimestamp(int(header["timestamp"], 16), UTC)
