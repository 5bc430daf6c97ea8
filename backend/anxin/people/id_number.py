"""ID numbers of residents: 18 characters, the last of which checks the others. Source: GB 11643-1999; ISO 7064, MOD 11-2."""

import re
from datetime import date, datetime

from anxin.core.clock import SITE_ZONE, now
from anxin.people.errors import BadIdNumber

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
# The first two digits: provinces, and residence permits of people from Taiwan, Hong Kong and Macau.
PROVINCES = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_FORM = re.compile(r"[0-9]{17}[0-9X]")


def normal_id_number(written: str) -> str:
    """Return the 18 characters, spaces gone and x in capitals. Raises BadIdNumber, saying what is wrong, not with what."""
    number = re.sub(r"\s", "", written).upper()
    if len(number) != 18:
        count = len(number)
        raise BadIdNumber(problem_zh=f"应为 18 位，现有 {count} 位", problem=f"18 characters are needed, not {count}")
    if not _FORM.fullmatch(number):
        raise BadIdNumber(problem_zh="前 17 位须为数字，末位须为数字或 X", problem="17 digits are needed, then a digit or X")
    if not PROVINCES.match(number) or not _is_birthday(number[6:14]):
        raise BadIdNumber(problem_zh="地区或出生日期不存在", problem="it begins with no region, or holds no date of birth")
    if check_character(number) != number[17]:
        raise BadIdNumber(problem_zh="末位校验码不符，可能有一位写错了", problem="its last character does not fit")
    return number


def check_character(number: str) -> str:
    """Return the last character that the first 17 digits ask for."""
    return CHECK_CHARACTERS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number[:17], strict=True)) % 11]


def _is_birthday(digits: str) -> bool:
    try:
        born = datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return False
    return date(1900, 1, 1) <= born <= now().astimezone(SITE_ZONE).date()
