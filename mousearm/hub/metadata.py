"""The head of a model card, by which the Hub sorts and finds repositories."""

from collections.abc import Mapping, Sequence


def card_head(name: str, licence: str, tags: Sequence[str], data: str, results: Mapping[str, float]) -> str:
    """YAML between two lines of dashes.

    Args:
        name: of the agent.
        licence: as the Hub abbreviates it, such as ``mit``.
        tags: to be found by.
        data: what the results are on.
        results: numbers by what they are, such as ``mean paw error (mm), test``.
    """
    from huggingface_hub import EvalResult, ModelCardData

    head = ModelCardData(
        license=licence,
        library_name="mousearm",
        pipeline_tag="reinforcement-learning",
        tags=list(tags),
        model_name=name,
        eval_results=[
            EvalResult("reinforcement-learning", "reaches", data, "mean-error-mm", value, metric_name=metric)
            for metric, value in results.items()
        ],
    )
    return f"---\n{head.to_yaml()}\n---\n"
