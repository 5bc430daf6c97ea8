"""What a dispute keeps from being shredded."""

from sqlalchemy import Select, or_, select

from anxin.disputes.models import DECIDED, VANISHED, Dispute


def disputed_lines() -> Select[int, int | None, int | None]:
    """(project, sheet id, line index) of lines whose dispute is not decided, or not paid out."""
    return select(Dispute.project_pk, Dispute.sheet_id, Dispute.line_index).where(
        Dispute.line_index.is_not(None),
        Dispute.state != VANISHED,
        or_(Dispute.state != DECIDED, Dispute.paid_fen < Dispute.granted_fen, Dispute.banked_fen > 0),
    )
