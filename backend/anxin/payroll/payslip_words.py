"""A payslip's words and sums, as a person reads them on paper. Pure."""

from datetime import date
from decimal import Decimal

from anxin.core.language import Language
from anxin.core.money import yuan
from anxin.payroll.payslip import DeductionRow, Item, PayslipText

LABELS: dict[str, dict[Language, str]] = {
    "title": {"zh": "工资条", "en": "Payslip"},
    "title-final": {"zh": "离场结算工资条", "en": "Payslip: final settlement"},
    "title-correcting": {"zh": "更正工资条（补发差额）", "en": "Payslip: correction"},
    "project": {"zh": "项目", "en": "Project"},
    "employer": {"zh": "用人单位", "en": "Employer"},
    "payer": {"zh": "发放单位", "en": "Paid by"},
    "worker": {"zh": "工人", "en": "Worker"},
    "period": {"zh": "工资周期", "en": "Period"},
    "payday": {"zh": "发薪日", "en": "Payday"},
    "contract": {"zh": "计酬方式", "en": "Contract"},
    "day": {"zh": "每天 {rate}（8 小时）", "en": "{rate} a day of 8 hours"},
    "hour": {"zh": "每小时 {rate}", "en": "{rate} an hour"},
    "month": {"zh": "每月 {rate}（21.75 天，每天 8 小时）", "en": "{rate} a month of 21.75 days of 8 hours"},
    "piece": {"zh": "每件 {rate}", "en": "{rate} a piece"},
    "quota": {"zh": "，每天定额 {quota} 件", "en": ", quota {quota} a day"},
    "item": {"zh": "项目", "en": "Item"},
    "sum": {"zh": "怎么算（工时写作 时:分:秒）", "en": "How it is computed (time as h:mm:ss)"},
    "amount": {"zh": "金额", "en": "Amount"},
    "base": {"zh": "正常工时工资", "en": "Normal hours"},
    "ot150": {"zh": "工作日加班 150%", "en": "Overtime 150%"},
    "ot200": {"zh": "休息日加班 200%", "en": "Rest days 200%"},
    "ot300": {"zh": "法定节假日 300%", "en": "Holidays 300%"},
    "piece-item": {"zh": "计件工资", "en": "Piece work"},
    "gross": {"zh": "应发合计", "en": "Gross"},
    "earlier": {"zh": "减：第 {sheet} 号表已列", "en": "Less: on sheet {sheet} already"},
    "back-pay": {"zh": "补发 {first} 至 {last}", "en": "Back pay {first} to {last}"},
    "labour-service": {"zh": "减：劳务报酬个税", "en": "Less: tax on labour service"},
    "tax": {"zh": "减：个人所得税", "en": "Less: income tax"},
    "social-insurance": {"zh": "减：社会保险个人部分", "en": "Less: social insurance, own part"},
    "court-order": {"zh": "减：法院判决代扣", "en": "Less: ordered by a court"},
    "advance": {"zh": "减：已预支", "en": "Less: advance paid"},
    "loss-recovery": {"zh": "减：赔偿损失", "en": "Less: recovery of a loss"},
    "provident-fund": {"zh": "缴存公积金（本人签字同意）", "en": "To the provident fund, as you signed"},
    "fund-shares": {"zh": "公积金缴存合计", "en": "Provident-fund shares"},
    "net": {"zh": "实发", "en": "Net"},
    "limit": {"zh": "本月最多可扣 {limit}", "en": "at most {limit} this month"},
    "date": {"zh": "日期", "en": "Date"},
    "times": {"zh": "上班 – 下班", "en": "In – out"},
    "normal": {"zh": "正常", "en": "Normal"},
    "flags": {"zh": "提示", "en": "Notes"},
    "complaints": {"zh": "有疑问找谁", "en": "Where to complain"},
    "nobody": {
        "zh": "项目公示牌没有登记联系方式；欠薪投诉可打 12333 或 12345",
        "en": "None on the notice board; dial 12333 or 12345 about unpaid wages",
    },
    "check": {
        "zh": "每一项都可以按“怎么算”自己复算：分以下进一，扣款分以下舍去。"
        "本工资条全文（含随机码）的 SHA-256 指纹在链上的工资行里。",
        "en": "Every item can be computed again as it says: fractions of a fen are rounded up, of deductions down. "
        "The SHA-256 of this payslip's text, salt included, is in the line on the chain.",
    },
    "hash": {"zh": "指纹", "en": "Hash"},
    "salt": {"zh": "随机码", "en": "Salt"},
    "rules": {"zh": "规则版本", "en": "Rules"},
    "place": {"zh": "链上位置", "en": "On chain"},
    "sheet-line": {"zh": "专户 {escrow} 第 {sheet} 号表第 {line} 行", "en": "escrow {escrow}, sheet {sheet}, line {line}"},
    "minimum": {"zh": "当地最低工资每月 {minimum}", "en": "district minimum {minimum} a month"},
    "missing-out": {"zh": "没有下班卡，不计工时", "en": "no punch out, not paid"},
    "missing-in": {"zh": "没有上班卡，不计工时", "en": "no punch in, not paid"},
    "too-long": {"zh": "一段超过 16 小时，不计工时", "en": "over 16 hours at a stretch, not paid"},
    "over-3-hours": {"zh": "一天加班超过 3 小时", "en": "over 3 hours of overtime in a day"},
    "over-36-hours": {"zh": "当月加班超过 36 小时", "en": "over 36 hours of overtime in the month"},
    "below-minimum": {
        "zh": "低于当地最低工资标准，请向项目或劳动部门反映", "en": "below the district's minimum wage: say so",
    },
}
RATE_TIME = {"day": ("8 h", 480), "hour": ("1 h", 60), "month": ("174 h", 10_440)}


def word(key: str, language: Language, **values: object) -> str:
    return LABELS[key][language].format(**values)


def contract_of(slip: PayslipText, language: Language) -> str:
    text = word(slip.contract_type, language, rate=yuan(slip.rate_fen))
    has_quota = slip.contract_type == "piece" and slip.piece_quota
    return text + (word("quota", language, quota=slip.piece_quota) if has_quota else "")


def hours(seconds: str) -> str:
    """"29641.5" → 8:14:01.5; whole minutes without their zero seconds."""
    exact = Decimal(seconds)
    minutes, rest = divmod(exact, 60)
    text = f"{int(minutes) // 60}:{int(minutes) % 60:02d}"
    if not rest:
        return text
    whole, _, part = f"{rest:f}".partition(".")
    return f"{text}:{int(whole):02d}" + (f".{part}" if part.strip("0") else "")


def sum_of(item: Item, slip: PayslipText) -> str:
    """How an item's amount follows, in numbers: 56:00 × ¥300.00 ÷ 8 h × 150%."""
    if item.leaves is not None:
        return f"× {len(item.leaves)}"
    if item.quantities is not None:
        parts = [f"{each.quantity}" + ("" if each.percent == 100 else f" × {each.percent}%") for each in item.quantities]
        weighed = " + ".join(parts)
        return f"{f'({weighed})' if len(parts) > 1 else weighed} × {yuan(slip.rate_fen)}"
    time, _ = RATE_TIME.get(slip.contract_type, ("8 h", 480))
    if item.absent_seconds is not None:
        return f"{yuan(slip.rate_fen)} − {yuan(slip.rate_fen)} ÷ {time} × {hours(item.absent_seconds)}"
    share = "" if item.percent == 100 else f" × {item.percent}%"
    return f"{hours(item.seconds or '0')} × {yuan(slip.rate_fen)} ÷ {time}{share}"


def amount_rows(slip: PayslipText, language: Language) -> list[tuple[str, str, int]]:
    """Return (item, how, fen) from gross to net; what is taken is negative."""
    rows = [
        (word("piece-item" if item.item == "piece" else item.item, language), sum_of(item, slip), item.amount_fen)
        for item in slip.items
    ]
    rows.append((word("gross", language), "", slip.gross_fen))
    rows += [(word("earlier", language, sheet=each.sheet_id), "", -each.gross_fen) for each in slip.earlier]
    rows += [
        (word("back-pay", language, first=each.first_day, last=each.last_day), each.reason, each.amount_fen)
        for each in slip.back_pay
    ]
    if slip.tax is not None:
        income = yuan(slip.tax.before_income_fen + slip.tax.income_fen)
        before = f" − {yuan(slip.tax.before_withheld_fen)}" if slip.tax.before_withheld_fen else ""
        rows.append((word("labour-service", language), f"{income} → {before}".rstrip("→ "), -slip.tax.amount_fen))
    rows += [(word(row.kind, language), _why(row, language), -row.amount_fen) for row in slip.deductions]
    return rows


def _why(row: DeductionRow, language: Language) -> str:
    if row.basis_points is not None:
        return f"{row.reason} {row.basis_points / 100:g}%"
    limit = "" if row.limit_fen is None else f" ({word('limit', language, limit=yuan(row.limit_fen))})"
    return f"{row.reason} {yuan(row.claim_fen)}{limit}"


def flag_lines(slip: PayslipText, language: Language) -> list[str]:
    """Each kind once with its days: 没有下班卡，不计工时：10-08、10-09."""
    by_kind: dict[str, list[date]] = {}
    for flag in slip.flags:
        by_kind.setdefault(flag.kind, []).append(flag.day)
    lines = []
    for kind, days in by_kind.items():
        text = word(kind, language)
        if kind == "below-minimum":
            lines.append(f"{text} ({word('minimum', language, minimum=yuan(slip.minimum_month_fen or 0))})")
        elif kind == "over-36-hours":
            lines.append(text)
        else:
            lines.append(f"{text}: {', '.join(f'{day:%m-%d}' for day in days)}")
    return lines
