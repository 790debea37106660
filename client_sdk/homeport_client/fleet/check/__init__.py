"""The checkers: what must be true once a fleet has come to rest, and the evidence it is judged by."""

from homeport_client.fleet.check.evidence import Evidence, Followed, Held, Holding
from homeport_client.fleet.check.judge import CHECKS, Verdict, judge

__all__ = ["CHECKS", "Evidence", "Followed", "Held", "Holding", "Verdict", "judge"]
