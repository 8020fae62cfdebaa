"""Fill in the template files of generated READMEs, data set cards and task files."""

from collections.abc import Mapping
from pathlib import Path

TEMPLATES = Path(__file__).with_name("templates")


def fill_template(template: Path, **values: object) -> str:
    """Render a Jinja2 template. Nothing is escaped: not for HTML.

    Templates may include others of the same folder. Raises jinja2.UndefinedError if a value is
    missing.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    return environment.get_template(template.name).render(values)


def write_dataset_card(
    folder: Path, body: str, configs: Mapping[str, Mapping[str, str]], **metadata: object
) -> None:
    """Write `folder`/README.md, the card that Hugging Face's load_dataset(folder, config) reads.

    `configs` maps each config and split to a data file, relative to `folder`. `metadata` goes into
    the YAML front matter; None values are left out. `body` is the Markdown below it.
    """
    from huggingface_hub import DatasetCard, DatasetCardData

    data_files = [
        {"config_name": config, "data_files": [{"split": s, "path": p} for s, p in files.items()]}
        for config, files in configs.items()
    ]
    front_matter = DatasetCardData(**metadata, configs=data_files)  # type: ignore[arg-type]  # its many keywords
    DatasetCard(f"---\n{front_matter}\n---\n\n{body}").save(folder / "README.md")
