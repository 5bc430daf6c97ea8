"""What is odd, in words: what it is, and what to do."""

from datetime import date

from anxin.core.language import Language
from anxin.payroll.check import Odd, OddKind

WORDS: dict[OddKind, dict[Language, str]] = {
    OddKind.NOT_JOINED: {
        "zh": "劳动合同双方还没签完，不能列入工资表：请先让工人在手机上签合同",
        "en": "No contract signed by both sides: not on any sheet until the worker has signed it",
    },
    OddKind.NO_KEY: {
        "zh": "工人还没有登记签字钥匙：请带到登记处办理",
        "en": "The worker has no registered key: see the registrar",
    },
    OddKind.NO_PAYOUT: {
        "zh": "没有登记收款账户：请先登记工人本人的账户",
        "en": "No payout is registered: register the worker's own account first",
    },
    OddKind.CHANGED: {
        "zh": "编制之后考勤、合同或扣补记录有变化：请重新编制",
        "en": "Attendance, terms or entries have changed since it was compiled: compile it again",
    },
    OddKind.CHANGED_SINCE: {
        "zh": "签名之后考勤、合同或扣补记录有变化：如果少算了，上链后请出更正表",
        "en": "Attendance, terms or entries have changed since it was signed: if it lacks something, correct it once posted",
    },
    OddKind.TWO_LINES: {"zh": "同一人有两行：请重新编制", "en": "One person has two lines: compile it again"},
    OddKind.NOT_ON_SHEET: {
        "zh": "这一周期有考勤，但不在任何工资表上：请重新编制",
        "en": "Worked in this period and is on no sheet: compile it again",
    },
    OddKind.UNREADABLE: {
        "zh": "只有缺一半的打卡，算不出工时，没有工资：请核对并更正考勤（{days}）",
        "en": "Only halves of punches, so no wage: check and correct the attendance ({days})",
    },
    OddKind.NOTHING_LEFT: {
        "zh": "扣款后没有剩余，没有列入：请核对扣款",
        "en": "Deductions leave nothing, so no line: check them",
    },
    OddKind.MONTH_CONTRACT: {
        "zh": "月薪合同只能按整月编制，或编到离场那天",
        "en": "A monthly wage is compiled for a whole month, or up to the day of exit",
    },
    OddKind.BELOW_MINIMUM: {
        "zh": "低于当地最低工资标准：请核对合同单价",
        "en": "Below the district's minimum wage: check the rate agreed",
    },
    OddKind.MISSING_OUT: {"zh": "没有下班卡，这段不计工时：{days}", "en": "No punch out, nothing paid: {days}"},
    OddKind.MISSING_IN: {"zh": "没有上班卡，这段不计工时：{days}", "en": "No punch in, nothing paid: {days}"},
    OddKind.TOO_LONG: {
        "zh": "一段超过 16 小时，不计工时，请核对：{days}",
        "en": "Over 16 hours at a stretch, nothing paid, check it: {days}",
    },
    OddKind.OVER_3_HOURS: {
        "zh": "一天加班超过 3 小时（工资照付）：{days}",
        "en": "More than 3 hours of overtime in a day (paid all the same): {days}",
    },
    OddKind.OVER_36_HOURS: {
        "zh": "当月加班超过 36 小时（工资照付）",
        "en": "More than 36 hours of overtime in the month (paid all the same)",
    },
    OddKind.NO_MINIMUM: {
        "zh": "项目所在区的最低工资标准没有数据，没有核对",
        "en": "The minimum wage of the project's district is not on record, and was not checked",
    },
    OddKind.WEAK_ONLY: {
        "zh": "只有弱来源的考勤（手工、远程开门等）：{days}",
        "en": "Only weak attendance (by hand, remote gate …): {days}",
    },
    OddKind.BEFORE_ENTRY: {"zh": "进场登记之前就有考勤：{days}", "en": "Worked before the recorded entry: {days}"},
    OddKind.AFTER_EXIT: {"zh": "离场登记之后还有考勤：{days}", "en": "Worked after the recorded exit: {days}"},
    OddKind.PIECES_ALONE: {"zh": "有计件没有打卡：{days}", "en": "Pieces without attendance: {days}"},
    OddKind.DIFFERS: {
        "zh": "和上月相差一半以上：请核对",
        "en": "Differs from last month's by more than half: check it",
    },
    OddKind.SHARED_PAYOUT: {
        "zh": "与 {others} 的收款账户相同：工资只能付给本人",
        "en": "Same payout as {others}: wages go to the worker's own account only",
    },
    OddKind.NO_FUND: {
        "zh": "工人同意缴存公积金，但项目没有登记公积金账户：没有划出，全额付给本人",
        "en": "Has agreed to a provident-fund share, but the project has no fund: all is paid to the worker",
    },
    OddKind.OTHER_FUND: {
        "zh": "工人同意缴存的是另一个公积金账户：没有划出，全额付给本人；要缴存请本人重新签字",
        "en": "Has agreed to a share for another fund: all is paid to the worker, until they sign for this one",
    },
    OddKind.FUND_NOT_JOINED: {
        "zh": "公积金账户还没有加入项目专户：没有划出，全额付给本人",
        "en": "The provident fund has not joined the escrow: all is paid to the worker",
    },
}


def words_of(odd: Odd, language: Language) -> str:
    return WORDS[odd.kind][language].format(days=_days(odd.days, language), others=", ".join(odd.others))


def _days(days: tuple[date, ...], language: Language) -> str:
    """10月8日、9日 is for people to find in a calendar: 10-08, 10-09."""
    return ("、" if language == "zh" else ", ").join(f"{day:%m-%d}" for day in days)
