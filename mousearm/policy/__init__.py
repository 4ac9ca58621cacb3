"""The network that is trained: normaliser, backbone, heads; and how it acts."""
