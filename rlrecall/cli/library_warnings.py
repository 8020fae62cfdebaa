"""Silence library warnings that users cannot act on."""

import logging
import warnings


def silence() -> None:
    """Hide four remarks of libraries.

    TRL and DeepSpeed use deprecated names of other libraries, rollout_func is ours to worry about,
    and DeepSpeed, which transformers imports wherever it is installed, reports that there is no
    GPU.
    """
    for text, category in (
        (r"`\w*gradient_checkpointing\w*` is deprecated", FutureWarning),
        (r"`torch\.distributed\.\w+_tensor` is deprecated", FutureWarning),
        ("You are using 'rollout_func'", UserWarning),
    ):
        warnings.filterwarnings("ignore", text, category)
    logging.getLogger("DeepSpeed").addFilter(
        lambda record: not record.getMessage().startswith("Setting accelerator to CPU")
    )
