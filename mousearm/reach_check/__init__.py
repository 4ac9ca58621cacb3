"""The quality of recorded reaches: what they are like, whether an arm can perform them, what would be refused and why.

`check_reaches` looks at every file by itself, so that one that is refused hides no other; `write_page` makes a page of
tables and pictures of it.
"""

from mousearm.reach_check.html import write_page
from mousearm.reach_check.report import Checked, Report, check_reaches

__all__ = ["Checked", "Report", "check_reaches", "write_page"]
