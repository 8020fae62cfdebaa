"""The page of several seeds: what it says of how thoughts about reversals go."""

from made_up_traces import SETS, record

from rlrecall.report.seeds import SeededRecord, enumerations


def test_an_enumeration_names_three_people_and_hits_where_one_is_right():
    knowledge = SETS["B"]
    reversals = knowledge.select(kind="reversal")
    question = next(q for q in reversals if q.prompt.startswith("Who is the"))
    (gold,) = question.premises
    job = gold.split(" is the ")[1].split()[0]
    stated = [fact.text for fact in knowledge.family_facts("reversal")]
    others = [text for text in stated if f" is the {job} " in text and text != gold][:3]
    assert len(others) == 3
    made_up = f"{others[0].split()[0]} is the {job} with the blue moon."
    thoughts = [
        f"{others[0]} {others[1]} {gold} A: {question.answer}.",  # an enumeration that hits
        f"{others[0]} {others[1]} {others[2]} {others[0]} A: nobody.",  # one that does not
        f"{gold} A: {question.answer}.",  # a hit, but no enumeration
        f"{others[0]} {others[0]} {made_up} A: nobody.",  # one person, twice the same
    ]
    records = [record(question, text, mode="think") for text in thoughts]
    table = enumerations([SeededRecord(**vars(r), seed=0) for r in records])
    (row,) = [line for line in table.splitlines() if line.startswith("| think | rl | B ")]
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    assert cells[3:6] == ["4", "50.0 [15.0, 85.0] (50)", "1 of 2"]
    # People 3, 3, 1, 1; true 3, 3, 1, 1; false 0, 0, 0, 1: each counted once.
    assert cells[6:11] == ["2.0", "2.0", "0.2", "50", "50"]
    assert "think-sampled" not in table
