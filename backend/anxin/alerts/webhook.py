"""Whether a request is Twilio's: it signs the address it was given and all that it sends.

The address is the configured one, not what a proxy or a sender's Host header says. Without a token, or an address, nothing
can be Twilio's: an empty key is one that anybody has.
"""

from collections.abc import Mapping

from twilio.request_validator import RequestValidator

from anxin.alerts.errors import NotTwilio
from anxin.people.bearer import AnyRequest
from anxin.settings import Settings

FORM = "application/x-www-form-urlencoded"
SIGNATURE_HEADER = "x-twilio-signature"


async def signed_form(request: AnyRequest, settings: Settings) -> Mapping[str, str]:
    """Return what Twilio sent, the first of each name. Raises NotTwilio."""
    query = request.scope["query_string"].decode("latin-1")
    url = f"{settings.webhook_url}{request.scope['path']}{f'?{query}' if query else ''}"
    signature = request.headers.get(SIGNATURE_HEADER)
    is_form = request.headers.get("content-type", "").split(";")[0].strip().lower() == FORM
    if not (settings.twilio_auth_token and settings.webhook_url and signature and is_form):
        raise NotTwilio(url=url)
    form = await request.form()
    if not RequestValidator(settings.twilio_auth_token).validate(url, form, signature):
        raise NotTwilio(url=url)
    return {name: str(form[name]) for name in form}
