"""The network that is trained: normaliser, backbone, heads; and how it acts."""

from mousearm.policy.backbone import BACKBONES, Backbone, forget
from mousearm.policy.controller import PolicyController
from mousearm.policy.network import RecurrentPolicy, build_policy

__all__ = ["BACKBONES", "Backbone", "PolicyController", "RecurrentPolicy", "build_policy", "forget"]
