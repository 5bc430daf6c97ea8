"""What can be wrong with what somebody asks of a wage sheet."""

from anxin.core.errors import AnxinError

STATES_ZH = {
    "draft": "草稿", "waiting": "待总包签名", "accepted": "已签名，等上链", "sent": "正在上链", "done": "已上链",
    "refused": "链上拒收", "withdrawn": "已撤回",
}  # fmt: skip


class WrongState(AnxinError):
    """Base of what is not possible with a sheet in its present state; the state is told in the reader's words."""

    status = 409
    title = {"zh": "工资表现在不能这样做", "en": "Not in this state"}
    detail = {"zh": "工资表 {sheet} 现在是“{state_zh}”。", "en": "Sheet {sheet} is {state}."}

    def __init__(self, *, sheet: int, state: str) -> None:
        super().__init__(sheet=sheet, state=state, state_zh=STATES_ZH.get(state, state))


class BadPeriod(AnxinError):
    status = 422
    title = {"zh": "工资周期不对", "en": "Not a pay period"}
    detail = {
        "zh": "{first_day} 到 {last_day} 不能作为一张工资表的周期：最后一天不能早于第一天，最多 {most_days} 天。",
        "en": "{first_day} to {last_day} is no period of a sheet: it ends on its first day or later, after at most "
        "{most_days} days.",
    }


class NothingToPay(AnxinError):
    status = 409
    title = {"zh": "没有要发的工资", "en": "Nothing to pay"}
    detail = {
        "zh": "{first_day} 到 {last_day} 没有可列入工资表的工资。未列入：{left_out_zh}。",
        "en": "From {first_day} to {last_day} there is no wage to put on a sheet. Left out: {left_out}.",
    }


class PeriodsOverlap(AnxinError):
    status = 409
    title = {"zh": "周期重叠", "en": "Periods overlap"}
    detail = {
        "zh": "{worker_no} 在 {first_day} 到 {last_day} 已有工资表（编号 {sheet}）。"
        "一天不能列入两张工资表：请改周期，或出更正表。",
        "en": "{worker_no} is on sheet {sheet} for {first_day} to {last_day} already. No day is paid by two "
        "sheets: choose another period, or make a correcting sheet.",
    }


class SheetUnknown(AnxinError):
    status = 404
    title = {"zh": "没有这张工资表", "en": "No such wage sheet"}
    detail = {
        "zh": "本项目没有编号为 {sheet} 的工资表，或者它不归您看。",
        "en": "This project has no sheet {sheet}, or it is not for you to see.",
    }


class SheetNotDraft(WrongState):
    title = {"zh": "工资表已提交", "en": "The sheet is no draft"}
    detail = {
        "zh": "工资表 {sheet} 现在是“{state_zh}”，只有草稿才能这样做。",
        "en": "Sheet {sheet} is {state}: this is possible with a draft only.",
    }


class SheetSigned(WrongState):
    title = {"zh": "工资表已签名", "en": "The sheet is signed"}
    detail = {
        "zh": "工资表 {sheet} 现在是“{state_zh}”，不能再收回。上链后发现少算，请出更正表。",
        "en": "Sheet {sheet} is {state} and cannot be taken back. What it lacks goes on a correcting sheet later.",
    }


class SheetWithdrawn(AnxinError):
    status = 409
    title = {"zh": "工资表已撤回", "en": "The sheet was withdrawn"}
    detail = {
        "zh": "这张工资表已撤回（{reason}），不能再签。请签新的那张。",
        "en": "This sheet was withdrawn ({reason}) and is not to be signed. Sign the one that replaces it.",
    }


class SignInOrder(AnxinError):
    status = 409
    title = {"zh": "请按顺序签", "en": "Sign in order"}
    detail = {
        "zh": "链上按编号接收工资表：请先签第 {next} 号，再签第 {sheet_id} 号。",
        "en": "The chain takes sheets by their number: sign number {next} before number {sheet_id}.",
    }


class SheetBlocked(AnxinError):
    status = 409
    title = {"zh": "还不能提交", "en": "Not ready"}
    detail = {
        "zh": "工资表 {sheet} 还有 {count} 处必须先处理：{first}。请看检查清单。",
        "en": "Sheet {sheet} has {count} things to settle first: {first}. See the check list.",
    }


class NothingToCorrect(AnxinError):
    status = 409
    title = {"zh": "没有要补的差额", "en": "Nothing to correct"}
    detail = {
        "zh": "工资表 {sheet} 按现在的考勤和合同没有少算。已上链的工资不能调低；算多的：{lower}。",
        "en": "Sheet {sheet} lacks nothing by present attendance. A posted wage cannot be lowered; too high now: {lower}.",
    }


class NotPosted(WrongState):
    title = {"zh": "工资表还没上链", "en": "The sheet is not posted"}
    detail = {
        "zh": "工资表 {sheet} 现在是“{state_zh}”。没上链的表重新编制即可，更正表只用于已上链的表。",
        "en": "Sheet {sheet} is {state}. What is not posted is compiled again; a correcting sheet is for posted ones.",
    }


class DeductionNotListed(AnxinError):
    status = 422
    title = {"zh": "不能扣这一项", "en": "Not a lawful deduction"}
    detail = {
        "zh": "“{kind}”不在法律允许扣除的项目里。可以登记的有：{listed}。",
        "en": "{kind} is not among the deductions the law allows. These are: {listed}.",
    }


class ReceiptNeeded(AnxinError):
    status = 422
    title = {"zh": "缺少签收凭证", "en": "A receipt is needed"}
    detail = {
        "zh": "预支工资要有工人签收的凭证：请填写凭证的 SHA-256（0x 加 64 位十六进制）。",
        "en": "An advance needs the receipt that the worker signed: give its SHA-256 (0x and 64 hexadecimal digits).",
    }


class AdjustmentConflict(AnxinError):
    status = 409
    title = {"zh": "同一编号内容不同", "en": "Another entry has this key"}
    detail = {
        "zh": "编号 {key} 已登记过别的内容。登记过的不能改，只能作废后另记。",
        "en": "{key} was entered with other content. What was entered is not changed: revoke it and enter another.",
    }


class AdjustmentUnknown(AnxinError):
    status = 404
    title = {"zh": "没有这条记录", "en": "No such entry"}
    detail = {"zh": "本项目没有编号为 {key} 的扣补记录。", "en": "This project has no entry {key}."}


class AdjustmentUsed(AnxinError):
    status = 409
    title = {"zh": "已列入工资表", "en": "On a sheet already"}
    detail = {
        "zh": "{key} 已列入工资表 {sheet}，不能作废。",
        "en": "{key} is on sheet {sheet} and cannot be revoked.",
    }


class NotOnRoster(AnxinError):
    status = 404
    title = {"zh": "名册上没有这个人", "en": "Not on the roster"}
    detail = {
        "zh": "本项目（或您的班组）名册上没有工号 {worker_no}。",
        "en": "{worker_no} is not on this project's roster, or not among your workers.",
    }


class NoPayslip(AnxinError):
    status = 404
    title = {"zh": "没有这张工资条", "en": "No such payslip"}
    detail = {
        "zh": "没有这张工资条，或者已过保存期限。",
        "en": "There is no such payslip, or the time for which it is kept is over.",
    }
