"""Export knowledge sets as Hugging Face datasets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlrecall.knowledge.formats.export_rows import COLUMNS, Export, Row, mean_chance
from rlrecall.knowledge.formats.set_folders import LISTS
from rlrecall.knowledge.formats.templating import TEMPLATES, fill_template, write_dataset_card


def write_hf(export: Export, folder: Path) -> tuple[str, ...]:
    """Write parquet/<table>-<split>.parquet, a data set card, and disk/<table> for load_from_disk.

    Only questions have a split of their own; facts and documents are all in `train`.
    """
    from datasets import Dataset, DatasetDict, Features, List, Value

    texts = List(Value("string"))
    types = {"chance": Value("float64"), **dict.fromkeys((*LISTS, "gold_premises"), texts)}
    configs: dict[str, dict[str, str]] = {}
    (folder / "parquet").mkdir()
    with no_progress_bars():
        for table, rows in export.tables.items():
            if not rows:  # load_from_disk fails for an empty table
                continue
            names = COLUMNS[table]
            features = Features({name: types.get(name, Value("string")) for name in names})
            data, configs[table] = DatasetDict(), {}
            for split in dict.fromkeys(row.get("split", "train") for row in rows):
                part = [row for row in rows if row.get("split", "train") == split]
                columns = {name: [row[name] for row in part] for name in names}
                data[split] = Dataset.from_dict(columns, features=features)
                configs[table][split] = f"parquet/{table}-{split}.parquet"
                data[split].to_parquet(folder / configs[table][split])
            data.save_to_disk(folder / "disk" / table)
    _write_card(export, folder, configs)
    return tuple(export.tables)


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Turn off the progress bars of Hugging Face datasets."""
    from datasets.utils import logging

    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()


def _write_card(export: Export, folder: Path, configs: dict[str, dict[str, str]]) -> None:
    by_kind: dict[tuple[str, str], list[Row]] = {}
    for row in export.tables["questions"]:
        by_kind.setdefault((row["family"], row["kind"]), []).append(row)
    chances = {key: (len(rows), mean_chance(rows)) for key, rows in by_kind.items()}
    body = fill_template(
        TEMPLATES / "dataset_card.md.j2", export=export, columns=COLUMNS, chances=chances
    )
    write_dataset_card(
        folder,
        body,
        configs,
        pretty_name="rlrecall knowledge sets",
        language=["en"],
        license=export.license and export.license.casefold(),
        task_categories=["question-answering"],
        tags=["synthetic"],
    )
