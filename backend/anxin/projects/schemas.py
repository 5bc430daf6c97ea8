"""A worker's projects and the offers they can accept."""

from anxin.core.signing import WorkerSignature
from anxin.core.wire import Amount, Wire


class JoinOffer(Wire):
    """state: offered, accepted, sent, joined, refused. `day_cap_fen`: the most one day can be worth in a dispute."""

    state: str
    team: str
    contract_type: str
    rate_fen: int
    day_cap_fen: int
    terms_hash: str
    deadline: int
    digest: str


class MyProject(Wire):
    escrow: str
    name: str
    contractor_name: str
    join: JoinOffer


class MyProjects(Wire):
    projects: list[MyProject]


class SignedJoin(Wire):
    escrow: str
    worker_id: str
    day_cap_fen: Amount
    terms_hash: str
    deadline: Amount
    signature: WorkerSignature
