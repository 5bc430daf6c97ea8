"""Money is integer fen. Only here does it become yuan, for people to read."""


def yuan(fen: int) -> str:
    """¥1,234.56"""
    sign, whole, part = "-" if fen < 0 else "", abs(fen) // 100, abs(fen) % 100
    return f"{sign}¥{whole:,}.{part:02d}"
