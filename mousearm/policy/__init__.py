"""The network that is trained: normaliser, backbone, heads; and how it acts."""

from mousearm.policy.activity import ActivityController
from mousearm.policy.backbone import BACKBONES, Backbone, forget
from mousearm.policy.controller import PolicyController
from mousearm.policy.network import RecurrentPolicy, build_policy

__all__ = [
    "BACKBONES",
    "ActivityController",
    "Backbone",
    "PolicyController",
    "RecurrentPolicy",
    "build_policy",
    "forget",
]
