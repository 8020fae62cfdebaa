"""The page of traces in a browser: hostile text is inert, and the page shows what records say."""

from dataclasses import replace

import made_up_traces as traces
import pytest
from browser import CHROMIUM, Browser

from rlrecall.evaluation.outcomes import OUTCOMES, outcome
from rlrecall.evaluation.scoring import Premise
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.page.build import render_page, write_page
from rlrecall.traces.page.links import trace_link
from rlrecall.traces.page.packing import PackedRecords

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no chromium, chromium-browser or chrome in PATH; try: apt-get install chromium",
)

# What a reader may see; the data itself stands packed in a script element.
SEEN = "document.getElementById('bar').textContent + document.querySelector('main').textContent"
SHOWN = "document.querySelectorAll('#body .row').length"
FOUND = "document.getElementById('found').textContent"
HIDDEN = (
    r"/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\ufeff\ud800]/"
)
HOSTILE = (
    "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"
    "<iframe src=javascript:parent.owned=1></iframe><a href=http://example.org>x</a> **b** `c` "
    "[d](javascript:window.owned=1) &lt;e&gt; \u202egnorw\u202c \u200b\ufeff \x1b[31m\x07 \ud800 "
    "line\nbreak \u2028 <style>*{display:none}</style>{{script}}{% raw %}"
)


def element(id_, event="input", **values):
    """A script that sets properties of an element and tells it so."""
    sets = "".join(f"n.{name} = {value!r};" for name, value in values.items())
    return f"(() => {{ const n = {id_}; {sets} n.dispatchEvent(new Event('{event}')); }})()"


def search(text):
    return element("document.getElementById('text')", value=text)


def pick(field, value):
    return element(f"document.querySelector('[data-field={field}]')", "change", value=value)


def question_in(browser):
    return browser.ask("document.querySelector('#detail .id')?.textContent")


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = traces.write_study(tmp_path_factory.mktemp("made"), 1200, 5)
    write_page([folder / "rl"], folder / "one.html")
    write_page([folder / "sft", folder / "rl"], folder / "two.html")
    write_page([folder], folder / "study.html")
    return folder


@pytest.fixture(scope="module")
def records(study):
    return select_records(find_transcripts(study / "rl"), Filters())


def page_of(path, records):
    packed = PackedRecords()
    for record in records:
        packed.add(record)
    path.write_text(render_page(packed, [HOSTILE], [HOSTILE]), encoding="utf-8")
    return path


def test_hostile_text_is_shown_and_does_nothing(browser, tmp_path):
    question = traces.SETS["B"].select("reversal")[0]
    record = replace(traces.rollouts(1, 1)[0], completion=f"{HOSTILE} A: {HOSTILE}.")
    for name in ("run", "arm", "mode", "set", "split", "kind", "family", "question_id", "group"):
        setattr(record, name, HOSTILE)
    record.prompt = record.answer = record.gold_answer = record.choice = HOSTILE
    record.options, record.gold_premises, record.enumerated = [HOSTILE], [HOSTILE], [HOSTILE] * 3
    record.rewards, record.sampling = {HOSTILE: 1.0}, {HOSTILE: HOSTILE}
    record.recalled = [Premise(HOSTILE, label, 0) for label in ("gold", "false", HOSTILE)]
    usual = traces.record(question, "x. A: y.")
    browser.said.clear()
    browser.open(page_of(tmp_path / "hostile.html", [record, replace(record, k=1), usual]))
    browser.press("j")
    browser.ask("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    browser.until("document.querySelectorAll('#detail pre').length > 0")
    assert browser.ask("typeof window.owned") == "undefined"
    assert browser.ask("document.scripts.length") == 2
    assert browser.ask("document.querySelectorAll('img, iframe, main a:not(.link)').length") == 0
    assert browser.ask("document.querySelectorAll('style').length") == 1
    seen = browser.ask(SEEN)
    for part in ("</script><script>window.owned=1</script>", "<img src=x onerror", "**b** `c`"):
        assert part in seen
    for code in ("⟨U+202E⟩gnorw⟨U+202C⟩", "⟨U+001B⟩[31m⟨U+0007⟩", "⟨U+D800⟩", "⟨U+2028⟩"):
        assert code in seen
    assert browser.ask(f"{HIDDEN}.test({SEEN})") is False
    assert [line for line in browser.said if not line.startswith("asked for file:")] == []
    assert len(browser.said) == 1, "nothing was fetched but the page itself"


def test_the_policy_stops_what_would_get_in(browser, study):
    browser.open(study / "one.html")
    stopped = """(() => { const n = document.createElement('script'); try {
        n.textContent = 'window.owned = 1'; document.body.append(n); } catch { return 'types'; }
        return window.owned ? 'ran' : 'policy'; })()"""
    assert browser.ask(stopped) in ("types", "policy")
    assert "TypeError" in browser.ask(
        "(() => { try { document.body.innerHTML = 'x'; } catch (e) { return String(e); } })()"
    )


def test_a_line_of_a_megabyte_is_cut_until_it_is_asked_for(browser, tmp_path):
    question = traces.SETS["B"].select("reversal")[0]
    record = traces.record(question, "x. A: y.")
    long = "long" * 250_000
    record.completion, record.answer = f"{long}. A: {long}.", long
    record.recalled = [Premise(f"{long}.", "unparsable", 0)]
    many = [Premise("wug is a blap.", "true", i) for i in range(100_000)]
    path = page_of(tmp_path / "long.html", [record, replace(record, recalled=many)])
    browser.open(path)
    browser.press("Home")
    assert browser.ask(f"({SEEN}).length") < 30_000
    browser.ask("document.querySelector('.thought .more').click()")
    assert browser.ask("document.querySelector('.thought bdi').textContent.length") == 1_000_001
    browser.press("j")
    assert browser.ask("document.querySelectorAll('.thought li').length") < 500


def test_the_list_and_its_counts_are_those_of_the_records(browser, study, records):
    browser.open(study / "one.html")
    assert browser.ask(FOUND) == f"{len(records):,} of {len(records):,} traces"
    assert 10 < browser.ask(SHOWN) < 80
    counts = browser.ask(
        "[...document.querySelectorAll('[data-field=outcomes] .count')].map((n) => n.textContent)"
    )
    outcomes = [outcome(record) for record in records]
    assert counts == [f"{outcomes.count(name):,}" for name in OUTCOMES]
    for filters, script in (
        (Filters(set="B"), pick("set", "B")),
        (Filters(set="B", mode="think"), pick("mode", "think")),
        (Filters(set="B", mode="think", kind="reversal"), pick("kind", "reversal")),
    ):
        browser.ask(script)
        found = len(select_records(find_transcripts(study / "rl"), filters))
        assert browser.ask(FOUND) == f"{found:,} of {len(records):,} traces"
    browser.ask("document.getElementById('clear').click()")
    for flag, wanted in (
        ("truncated", lambda r: r.finish == "length"),
        ("hallucinated", lambda r: r.finish == "length" and r.false > 0),
    ):
        browser.ask(f"document.querySelector('[data-value={flag}]').click()")
        assert browser.ask(FOUND).startswith(f"{sum(map(wanted, records)):,} of ")


def test_search_finds_what_the_terminal_finds_and_premises_besides(browser, study, records):
    browser.open(study / "one.html")
    texts = ["is the baker", "And So ON", records[0].completion[:40], "a. A: ", ".", "zzz"]
    texts.append(f"{records[5].question_id}")
    for text in texts:
        browser.ask(search(text))
        wanted = 0
        for record in records:
            question = [record.prompt.rpartition("Q: ")[2], record.gold_answer]
            more = [*record.gold_premises, *record.options, record.question_id]
            everything = [record.completion, *question, *more]
            # as the page sees the question: with its "Q:"
            everything[1] = f"Q: {everything[1]}"
            wanted += any(text.strip().casefold() in part.casefold() for part in everything)
        assert browser.ask(FOUND).startswith(f"{wanted:,} of "), text


def test_sorting_goes_both_ways_and_leaves_what_has_no_value_last(browser, study, records):
    browser.open(study / "one.html")
    browser.ask(pick("sort", "spread"))
    first = "document.querySelector('#body .row .spread').textContent"
    low = float(browser.ask(first))
    browser.ask("document.querySelector('.way').click()")
    assert float(browser.ask(first)) > low
    browser.press("End")
    assert browser.ask("document.querySelector('#current .spread').textContent") == ""


def test_a_draw_is_repeatable_and_another_seed_draws_others(browser, study):
    rows = "[...document.querySelectorAll('#body .row')].map((n) => n.textContent).join('|')"
    drawn = []
    for seed in (1, 2, 1):
        browser.open(study / "one.html", f"#sort=random&draw=15&seed={seed}&set=B")
        assert browser.ask(FOUND).startswith("15 drawn at random of ")
        assert browser.ask(SHOWN) == 15
        drawn.append(browser.ask(rows))
    assert drawn[0] == drawn[2] != drawn[1]


def cells(browser, field):
    return browser.ask(f"[...document.querySelectorAll('.row .{field}')].map((n) => n.textContent)")


def right_in(records, **fields):
    """Whether the answers are right, by question."""
    return {
        record.question_id: record.correct
        for record in records
        if record.stage == "eval" and all(getattr(record, k) == v for k, v in fields.items())
    }


def test_a_row_shows_question_answer_and_gold_answer(browser, study, records):
    browser.open(study / "one.html", "#set=B&mode=think&kind=composition")
    shown = [r for r in records if (r.set, r.mode, r.kind) == ("B", "think", "composition")]
    for field, texts in {
        "asked": [r.prompt.removeprefix("Q: ").removesuffix(" Think:") for r in shown],
        "answer": [r.answer or "(none)" for r in shown],
        "gold": [r.gold_answer for r in shown],
        "correct": [f"{'✓' if r.correct else '✗'} {outcome(r)}" for r in shown],
    }.items():
        found = cells(browser, field)
        assert len(found) > 10
        assert found == texts[: len(found)]


def test_the_page_opens_on_a_trace_worth_reading(browser, study):
    for name, results in (("one", ["✓ right"]), ("two", ["✗ wrong", "✓ right"])):
        browser.open(study / f"{name}.html")
        tags = "[...document.querySelectorAll('.answered .tag')].map((n) => n.textContent)"
        assert browser.ask(tags) == results
        where = browser.ask("document.querySelector('#detail .note').textContent")
        assert where.startswith("set B · holdout · composition · rl · think")
        assert browser.ask("document.querySelectorAll('.trace .badge.recalled').length") == 1
        assert browser.ask("document.querySelectorAll('[aria-selected]').length") == 1


def test_a_link_of_trace_link_opens_the_filtered_list(browser, study, records):
    filters = {"arm": "rl", "set": "C", "kind": "reversal", "split": "holdout", "mode": "think"}
    wanted = [r for r in records if all(getattr(r, k) == v for k, v in filters.items())]
    for name in ("one", "two", "study"):
        link = trace_link(**filters, question=wanted[2].question_id)
        browser.open(study / f"{name}.html", link.removeprefix("traces.html"))
        assert browser.ask(FOUND).startswith(f"{len(wanted)} of ")
        assert question_in(browser) == wanted[2].question_id
        assert "reversal · rl · think" in browser.ask(SEEN)
    lucky = [r for r in records if r.stage == "eval" and outcome(r) == "lucky"]
    link = trace_link(page="", outcome="lucky", step=0)
    browser.open(study / "one.html", link)
    assert browser.ask(FOUND).startswith(f"{len(lucky):,} of ")


@pytest.mark.parametrize("page", ["two", "study"])
def test_the_matrix_counts_and_filters_pairs(browser, study, records, page):
    before = right_in(
        select_records(find_transcripts(study / "sft"), Filters()), set="B", mode="think"
    )
    after = right_in(records, set="B", mode="think")
    pairs = [(before[id_], after[id_]) for id_ in before.keys() & after.keys()]
    link = trace_link(page="", set="B", mode="think", pair=("sft", "rl"))
    browser.open(study / f"{page}.html", link)
    assert browser.ask(FOUND).startswith(f"{len(pairs)} of ")
    changes = {"right": (1, 1), "broken": (1, 0), "fixed": (0, 1), "wrong": (0, 0)}
    for key, (name, change) in enumerate(changes.items(), 1):
        cell = f"document.querySelector('#matrix-{name} button')"
        count = browser.ask(f"{cell}.querySelector('.count').textContent")
        assert int(count) == pairs.count(change), name
        browser.ask(f"{cell}.click()")
        assert browser.ask(FOUND).startswith(f"{count} of ")
        assert browser.ask(f"{cell}.ariaPressed") == "true"
        browser.press(str(key))
        assert browser.ask(FOUND).startswith(f"{len(pairs)} of ")
    browser.press("3")
    arrows = {cell[:5] for cell in cells(browser, "correct")}
    assert arrows == {"✗ → ✓"}
    browser.ask("document.querySelector('#outcomes .lucky').click()")
    lucky = [r for r in records if (r.set, r.mode, outcome(r)) == ("B", "think", "lucky")]
    fixed = sum(not before[r.question_id] for r in lucky)
    assert browser.ask("document.querySelector('#matrix-fixed .count').textContent") == str(fixed)
    browser.ask(pick("pair", ""))
    assert browser.ask("document.getElementById('matrix').hidden") is True


def test_a_filter_that_drops_the_open_trace_opens_another_one(browser, study):
    browser.open(study / "one.html")
    id_ = question_in(browser)
    browser.ask(pick("set", "B"))
    assert question_in(browser) == id_
    browser.ask(pick("set", "C"))
    browser.until("document.querySelector('#detail .id').textContent.startsWith('C/')")
    browser.ask(search("no such text"))
    browser.until("document.querySelector('#detail').textContent == 'No trace is open.'")


def test_keys_move_and_links_lead_back_to_the_same_trace(browser, study):
    browser.open(study / "one.html", "#kind=reversal&mode=think&outcomes=lucky")
    found = browser.ask(FOUND)
    browser.press("j", "j", "ArrowDown", "k")
    id_ = question_in(browser)
    text = browser.ask("document.querySelector('#detail').textContent")
    browser.until(f"new URLSearchParams(location.hash.slice(1)).get('q') == '{id_}'")
    link = browser.ask("location.hash")
    browser.open(study / "one.html", link)
    assert (question_in(browser), browser.ask(FOUND)) == (id_, found)
    assert browser.ask("document.querySelector('#detail').textContent") == text
    assert browser.ask("document.querySelectorAll('[aria-selected]').length") == 1
    browser.press("/")
    assert browser.ask("document.activeElement.id") == "text"
    browser.press("j")
    assert question_in(browser) == id_, "a letter in the search moves nothing"
    browser.press("Escape", "?")
    assert browser.ask("document.getElementById('help').open") is True
    browser.press("Escape")
    browser.until("!document.getElementById('help').open")
    browser.press("Home")
    assert question_in(browser) != id_
    browser.open(study / "one.html", f"#q={id_}")
    assert question_in(browser) == id_


@pytest.mark.parametrize(
    "fragment",
    ["#sort=constructor", "#change=__proto__", "#pair=__proto__", "#sort=random&draw=-5&seed=x",
     "#q=no+such&at=~~", "#q=", "#change=fixed&step=1&arm=x", "#run=x&pair=sft~rl&outcomes=~~",
     "#set=<img src=x onerror=window.owned=1>", "#flags=constructor&outcomes=x&step=x", "#%ff&&=="],
)  # fmt: skip
def test_a_link_that_makes_no_sense_breaks_nothing(browser, study, fragment):
    browser.said.clear()
    browser.open(study / "one.html", fragment)
    browser.press("j")
    browser.ask("document.getElementById('clear').click()")
    assert browser.ask(FOUND).startswith("1,320 of 1,320")
    assert browser.ask("typeof window.owned") == "undefined"
    assert [line for line in browser.said if not line.startswith("asked for file:")] == []


def test_samples_stand_side_by_side_with_their_rewards(browser, study):
    browser.open(study / "one.html", "#sort=spread&down=1")
    browser.press("j")
    assert browser.ask("document.querySelectorAll('.sample').length") == traces.GROUP
    rewards = browser.ask("document.querySelector('.sample .rewards').textContent")
    for name in ("correct", "recalled", "false", "reward", "advantage"):
        assert name in rewards
    before = browser.ask("document.querySelector('.chosen .pick').textContent")
    browser.press("ArrowRight")
    assert browser.ask("document.querySelector('.chosen .pick').textContent") != before


def test_the_slider_goes_through_the_steps_of_rl(browser, study, records):
    browser.open(study / "one.html")
    for step in (1, 2):
        browser.press("]")
        written = [r for r in records if r.step == step]
        assert browser.ask(FOUND).startswith(f"{len(written):,} of ")
        share = int(100 * sum(r.correct for r in written) / len(written) + 0.5)
        name = browser.ask("document.getElementById('stepname').textContent")
        assert name.startswith(f"step {step}: {share}% right")
    browser.press("[", "[")
    assert browser.ask(FOUND).startswith(f"{len(records):,} of ")


def test_two_runs_are_read_before_and_after(browser, study):
    browser.open(study / "two.html", "#change=fixed&mode=think")
    headings = browser.ask("[...document.querySelectorAll('.beside h3')].map((n) => n.textContent)")
    assert headings == ["before: sft", "after: rl"]
    results = browser.ask(
        "[...document.querySelectorAll('.beside .answered .tag')].map((n) => n.textContent)"
    )
    assert results == ["✗ wrong", "✓ right"]


def test_a_sentence_opens_on_its_fact(browser, study):
    browser.open(study / "one.html", "#mode=think&kind=recall&outcomes=recalled")
    browser.press("j")
    browser.ask("document.querySelector('.trace li.gold summary').click()")
    shown = browser.until("document.querySelector('.trace li.gold .source')?.textContent")
    said = browser.ask("document.querySelector('.trace li.gold .said').textContent")
    assert said in shown
    for part in ("subject", "relation", "object"):
        assert part in shown


def test_a_fact_leads_to_all_traces_with_its_sentence_on_a_phone_too(study):
    for width in (360, 1440):
        with Browser(width, 740) as browser:
            browser.open(study / "one.html", "#mode=think&kind=recall&outcomes=recalled")
            browser.ask("document.querySelector('#body .row').click()")
            said = browser.ask("document.querySelector('.trace li.gold .said').textContent")
            browser.ask("document.querySelector('.trace li.gold summary').click()")
            browser.until("document.querySelectorAll('.trace .source button').length")
            browser.ask("document.querySelector('.trace .source button').click()")
            browser.until("!document.body.classList.contains('reading')")
            assert browser.ask("document.getElementById('text').value") == said
            browser.until("location.hash.includes('text=')")
            assert browser.ask("document.getElementById('text').value") == said
            assert "outcomes=recalled" in browser.ask("location.hash")


def test_notes_about_torn_lines_are_on_the_page(browser, tmp_path, study):
    run = traces.write_run(tmp_path, "rl", traces.evaluation("rl", 0.8, 30))
    path = run / "eval" / "all" / "answers.jsonl"
    path.write_text(path.read_text() + '{"schema')
    write_page([run], tmp_path / "torn.html")
    browser.open(tmp_path / "torn.html")
    assert "1 torn last line" in browser.ask("document.getElementById('notes').textContent")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_the_list_then_the_trace_without_sideways_scrolling(study, dark):
    with Browser(360, 740, dark) as phone:
        phone.open(study / "two.html")
        assert phone.ask("document.documentElement.scrollWidth") <= 360
        assert phone.ask("document.getElementById('list').scrollWidth") <= 360
        colour = phone.ask("getComputedStyle(document.body).backgroundColor")
        assert colour == ("rgb(21, 24, 27)" if dark else "rgb(255, 255, 255)")
        tops = "[...document.querySelectorAll('#current .{}')].map((n) => n.offsetTop)"
        lines = [phone.ask(tops.format(part))[0] for part in ("asked", "answer", "meta")]
        assert lines == sorted(set(lines)), "question, answers and the rest are stacked"
        phone.ask("document.querySelector('#body .row').click()")
        assert phone.ask("getComputedStyle(detail).display") == "block"
        assert phone.ask("detail.scrollWidth <= detail.clientWidth") is True
        for back in ("document.querySelector('.back').click()", "history.back()"):
            phone.ask(back)
            phone.until("getComputedStyle(detail).display == 'none'")
            phone.ask("document.querySelector('#body .row').click()")
            phone.until("getComputedStyle(detail).display == 'block'")


def test_a_filter_shows_only_its_own_when_a_thought_has_no_sentences(browser, tmp_path):
    made = [replace(r, recalled=[], enumerated=[]) for r in traces.evaluation("rl", 0.5, 3)]
    browser.open(page_of(tmp_path / "empty.html", made))
    browser.press("j")
    assert "No thought." in browser.ask(SEEN)
