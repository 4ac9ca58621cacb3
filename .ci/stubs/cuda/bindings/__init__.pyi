from typing import Any

driver: Any
nvrtc: Any
