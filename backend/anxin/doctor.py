"""What a process would need and does not have: settings, files, and whoever must answer."""

from collections.abc import AsyncIterator

from anxin.chain.identity import ChainChanged, check_first_block
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.core.deployment import Deployment, NoDeployment
from anxin.core.migrate import check_present
from anxin.core.no_database import NoDatabase
from anxin.settings import Settings


async def missing(settings: Settings) -> list[str]:
    """Return a sentence for each thing that is not as it must be. Nothing is changed; no key or password is said."""
    return [*_unset(settings), *[sentence async for sentence in _unanswered(settings)]]


def _unset(settings: Settings) -> list[str]:
    twilio = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_from)
    realname = (settings.realname_url, settings.realname_appid, settings.realname_secret)
    wrong = {
        f"ANXIN_WEB_FOLDER: {settings.web_folder} has no pages (make setup builds them)": not settings.web_folder.is_dir(),
        "ANXIN_TWILIO_ACCOUNT_SID, ANXIN_TWILIO_AUTH_TOKEN and ANXIN_TWILIO_FROM: messages cannot be sent": not all(twilio),
        "ANXIN_REGISTRARS: no registrar's signature will be accepted": not settings.registrars,
        "ANXIN_REALNAME_URL, …_APPID and …_SECRET: some are set and some are not, so the real-name platform is off":
            any(realname) and not all(realname),
    }  # fmt: skip
    return [sentence for sentence, is_wrong in wrong.items() if is_wrong]


async def _unanswered(settings: Settings) -> AsyncIterator[str]:
    """Everybody is asked, whoever of them is away."""
    try:
        await check_present(settings.database_url)
    except NoDatabase as error:
        yield f"ANXIN_DATABASE_URL: {error}"
    try:
        deployment = Deployment.read(settings.deployment)
    except NoDeployment as error:
        yield f"ANXIN_DEPLOYMENT: {error}"
        deployment = None
    nodes = {"ANXIN_RPC_URL": settings.rpc_url}
    if settings.second_rpc_url:
        nodes["ANXIN_SECOND_RPC_URL"] = settings.second_rpc_url
    for name, url in nodes.items():
        try:
            async with Rpc(url) as rpc:
                await (rpc.chain_id() if deployment is None else check_first_block(rpc, deployment))
        except (RpcUnreachable, RpcError, ChainChanged) as error:
            yield f"{name}: {error}"
