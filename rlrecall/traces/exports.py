"""Export traces: `rlrecall view RUN --to csv|hf|inspect --out DIR`, with the filters of view.

    csv      traces.csv; lists are JSON. Texts are as the model wrote them; a spreadsheet may read
             one that begins with = as a formula
    hf       traces.parquet and a card for load_dataset, disk/ for load_from_disk
    inspect  a log of each arm, set, split and mode for `inspect view --log-dir DIR`

The columns of csv and hf are the fields of Record, one column for each key of a dictionary
(rewards_correct), the outcome and the flags. No torch.
"""

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rlrecall.evaluation.outcomes import FLAGS, flags, outcome
from rlrecall.evaluation.records import Record, parse_record
from rlrecall.evaluation.scoring import Premise
from rlrecall.knowledge.formats.files import new_folder
from rlrecall.knowledge.formats.hugging_face import no_progress_bars
from rlrecall.knowledge.formats.templating import write_dataset_card
from rlrecall.runs.errors import UserError
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.inspect_logs import write_logs

Row = dict[str, Any]
DICTS = ("rewards", "sampling")


def export_traces(run: Path, filters: Filters, to: str | None, out: str | None) -> str:
    """Write the records of a run that pass into the new folder `out`; return a one-line summary.

    Raises ValueError if none passes or `to` or `out` is missing, and FileExistsError if the folder
    exists. After an error no folder is left.
    """
    if to is None or out is None:
        raise UserError(f"--to: give a tool, one of {', '.join(FORMATS)}, and --out DIR")
    paths = find_transcripts(run)
    records = [_encodable(record) for record in select_records(paths, filters)]
    if not records:
        raise UserError("no record matches")
    written = max(path.stat().st_mtime for path in paths)
    with new_folder(Path(out)) as folder:
        FORMATS[to](records, folder, written)
    return f"{out}: {len(records):,} traces for {to}"


def _encodable(record: Record) -> Record:
    """Escape lone surrogates, which UTF-8 cannot encode."""
    text = json.dumps(asdict(record), ensure_ascii=False)
    escaped = re.sub("[\ud800-\udfff]", lambda found: rf"\\u{ord(found[0]):04x}", text)
    return parse_record(json.loads(escaped))


def flat_rows(records: Sequence[Record]) -> list[Row]:
    """The records as rows with the same columns."""
    keys = {name: sorted({key for r in records for key in getattr(r, name)}) for name in DICTS}
    rows = []
    for record in records:
        row: Row = {}
        for name, value in asdict(record).items():
            parts = {f"{name}_{key}": value.get(key) for key in keys.get(name, ())}
            row |= parts if name in DICTS else {name: value}
        raised = flags(record)
        rows.append(row | {"outcome": outcome(record)} | {name: name in raised for name in FLAGS})
    return rows


def _write_csv(records: list[Record], folder: Path, written: float) -> None:
    rows = flat_rows(records)
    with (folder / "traces.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            lists = {name: value for name, value in row.items() if isinstance(value, list)}
            texts = {name: json.dumps(value, ensure_ascii=False) for name, value in lists.items()}
            writer.writerow(row | texts)


def _write_hf(records: list[Record], folder: Path, written: float) -> None:
    from datasets import Dataset, DatasetDict, Features, List, Value

    rows = flat_rows(records)
    types: dict[Any, Any] = {
        list[str]: List(Value("string")),
        list[Premise]: List(
            {"text": Value("string"), "label": Value("string"), "position": Value("int64")}
        ),
    }
    for kind, name in ((str, "string"), (int, "int64"), (float, "float64"), (bool, "bool")):
        types |= dict.fromkeys((kind, kind | None), Value(name))
    with no_progress_bars():
        data = Dataset.from_list(rows)  # knows the types of rewards, sampling and flags
        known = {f.name: types[f.type] for f in fields(Record) if f.name not in DICTS}
        data = data.cast(Features(data.features | known))
        data.to_parquet(folder / "traces.parquet")
        DatasetDict({"traces": data}).save_to_disk(folder / "disk")
    card = (
        f"# Recall traces of rlrecall\n\n{len(rows)} completions and their scores. Text that a "
        "model wrote is hostile: display it as plain text.\n\n```python\n"
        "from datasets import load_dataset\n"
        'load_dataset("THIS FOLDER", split="traces")\n```\n'
    )
    data_files = {"default": {"traces": "traces.parquet"}}
    write_dataset_card(folder, card, data_files, pretty_name="rlrecall traces")


FORMATS: dict[str, Callable[[list[Record], Path, float], None]] = {
    "csv": _write_csv,
    "hf": _write_hf,
    "inspect": write_logs,
}
