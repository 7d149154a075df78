"""What the profile `quick` left out of the full experiment, in words: for report and console."""

from lesion.records.preparation import ProfilePlan


def cut(plan: ProfilePlan) -> str:
    """Return what is cut for time, as a list in a sentence; "" if the full experiment fits."""
    words = []
    if plan.rows < plan.of:
        words.append(f"{plan.rows:,} of {plan.of:,} images")
    if plan.image_size < plan.full_image_size:
        full = plan.full_image_size
        words.append(f"{plan.image_size} × {plan.image_size} pixels instead of {full} × {full}")
    if any(training.shortened for training in plan.trainings):
        words.append("shorter trainings")
    return ", ".join(words)
