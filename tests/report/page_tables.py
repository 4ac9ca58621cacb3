from html.parser import HTMLParser


class Tables(HTMLParser):
    """TextTable of the tables of a page, by their names."""

    def __init__(self, page):
        super().__init__()
        self.found, self._in_cell = {}, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self._rows = self.found[dict(attrs).get("id")] = []
        if tag == "tr":
            self._rows.append([])
        self._in_cell = tag in ("td", "th")
        if self._in_cell:
            self._rows[-1].append("")

    def handle_endtag(self, tag):
        self._in_cell = False

    def handle_data(self, data):
        if self._in_cell:
            self._rows[-1][-1] += data
