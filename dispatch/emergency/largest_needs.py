"""What a fleet must have at the least, for every plan to be met once."""

from __future__ import annotations

from dispatch.emergency.plans import ResponsePlans
from dispatch.model import Capability


def largest_needs(plans: ResponsePlans) -> dict[Capability, int]:
    """The most units that any one incident needs with each capability.

    Capabilities that no plan needs are left out; the order is that of the plans file.
    """
    needs = [n for kind in plans.types.values() for p in kind.plans.values() for n in p.needs]
    most = {
        c: max((n.count for n in needs if n.capability == c), default=0) for c in plans.capabilities
    }
    return {capability: count for capability, count in most.items() if count}
