"""The text of a labour contract, as both sides read it before they sign. Pure: no database, clock or network.

It is one JSON text {"zh", "en", "salt"}; the SHA-256 of exactly this text is the `termsHash` that contractor and worker sign
and the chain keeps. The salt keeps the public hash from being guessed, and is destroyed with the text.

Sources: 劳动合同法 Art. 17 (what a contract says); 劳动法 Art. 41, 44 (hours, overtime);
保障农民工工资支付条例 Art. 11, 13, 31.
"""

import json
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from anxin.core.money import yuan


@dataclass(frozen=True)
class Agreed:
    """What a contract fixes. `worker` is how it names the worker; firms and places are null where nobody has said them."""

    worker: str
    employer: str
    contractor: str
    project: str
    address: str | None
    team: str
    contract_type: str
    rate_fen: int
    piece_quota: int | None
    day_cap_fen: int
    starts_on: date | None
    payday_day: int | None


def contract_text(agreed: Agreed, salt: str) -> str:
    """Return the exact text that is hashed."""
    return json.dumps({"zh": _chinese(agreed), "en": _english(agreed), "salt": salt}, ensure_ascii=False)


def contract_hash(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _chinese(agreed: Agreed) -> str:
    unit = {"day": "每工作日（8 小时）", "hour": "每小时", "month": "每月", "piece": "每件"}[agreed.contract_type]
    quota = f"；每工作日定额 {agreed.piece_quota} 件，超额部分按 150% 计" if agreed.piece_quota else ""
    begins = f"自 {agreed.starts_on.isoformat()} 起" if agreed.starts_on else "自进场之日起"
    payday = f"次月 {agreed.payday_day} 日前" if agreed.payday_day else "按月"
    place = f"，地点：{agreed.address}" if agreed.address else ""
    return "\n".join((
        "劳动合同",
        f"用人单位：{agreed.employer}",
        f"施工总承包单位：{agreed.contractor}（代发工资，对工资清偿负责）",
        f"劳动者：{agreed.worker}",
        f"一、工作：{agreed.project}{place}；班组：{agreed.team}。",
        f"二、期限：{begins}，至本班组在本项目的工作完成为止。",
        f"三、工资：{unit} {yuan(agreed.rate_fen)}{quota}。",
        "四、工时：标准工时每日 8 小时，每周至少休息 1 日。加班工资：工作日 150%，休息日不能补休的 200%，法定节假日 300%。",
        f"五、发放：{payday}足额发放，遇节假日或休息日提前。工资从项目工资专户直接付到劳动者本人账户，任何人不得代领、代管银行卡。",
        f"六、争议：有争议时，无争议部分立即支付；每日最多可主张 {yuan(agreed.day_cap_fen)}。"
        "离场不影响已产生的工资和追讨的权利。",
        "七、用人单位依法提供劳动保护和社会保险（工伤保险按项目参保），不收押金，不扣留证件。",
        "八、双方以电子签名签署本合同，各持一份，可随时下载。",
    ))  # fmt: skip


def _english(agreed: Agreed) -> str:
    units = {"day": "a working day (8 hours)", "hour": "an hour", "month": "a month", "piece": "a piece"}
    unit = units[agreed.contract_type]
    quota = f"; beyond {agreed.piece_quota} pieces a working day each piece counts 150 %" if agreed.piece_quota else ""
    begins = f"from {agreed.starts_on.isoformat()}" if agreed.starts_on else "from the day of entering the site"
    payday = f"by day {agreed.payday_day} of the month that follows" if agreed.payday_day else "every month"
    place = f", at {agreed.address}" if agreed.address else ""
    return "\n".join((
        "Labour contract",
        f"Employer: {agreed.employer}",
        f"General contractor: {agreed.contractor} (pays the wages on the employer's behalf, and answers for them)",
        f"Worker: {agreed.worker}",
        f"1. Work: {agreed.project}{place}; team {agreed.team}.",
        f"2. Term: {begins}, until the team's work on this project is done.",
        f"3. Wage: {yuan(agreed.rate_fen)} {unit}{quota}.",
        "4. Hours: 8 a day, at least one day of rest a week. Overtime: 150 % on working days, 200 % on rest days without "
        "compensatory leave, 300 % on statutory holidays.",
        f"5. Payment: in full {payday}, earlier where that is no working day; from the project's wage escrow "
        "directly into the worker's own account. Nobody collects wages or keeps a bank card for the worker.",
        f"6. Disputes: what is undisputed is paid at once; up to {yuan(agreed.day_cap_fen)} can be claimed for a day. "
        "Leaving the site takes away neither wages earned nor the right to claim them.",
        "7. The employer provides labour protection and social insurance as the law asks (work injury insurance by "
        "project), takes no deposit and keeps no papers.",
        "8. Both sides sign electronically; each holds a copy and can download it at any time.",
    ))  # fmt: skip
