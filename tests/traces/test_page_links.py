"""Links into a page of traces."""

import pytest

from rlrecall.runs.errors import UserError
from rlrecall.traces.page.links import trace_link


def test_a_link_holds_the_filters_and_escapes_their_values():
    assert trace_link() == "traces.html"
    link = trace_link(set="B", mode="think", arm=None, question="B/x & y/<z>", step=0)
    assert link == "traces.html#set=B&mode=think&q=B/x%20%26%20y/%3Cz%3E&step=0"
    assert trace_link(page="b.html", pair=("sft", "rl"), change="fixed", outcome="lucky") == (
        "b.html#pair=sft~rl&change=fixed&outcomes=lucky"
    )


def test_a_filter_that_the_page_does_not_know_is_refused():
    with pytest.raises(UserError, match=r"filter: 'stepp' is unknown; did you mean 'step'"):
        trace_link(stepp=3)
