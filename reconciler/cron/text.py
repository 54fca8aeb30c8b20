"""Bit sets back to text, in the forms that every cron reads alike."""

from __future__ import annotations

from reconciler.cron.fields import Field


def members(values: int) -> tuple[int, ...]:
    """Return the positions of the bits that are set, ascending."""
    found = []
    while values:
        lowest = values & -values
        found.append(lowest.bit_length() - 1)
        values ^= lowest
    return tuple(found)


def listed(values: int) -> str:
    """Return the values as numbers and ranges, such as `0,15-17`. Two neighbours stay a list."""
    runs: list[list[int]] = []
    for value in members(values):
        if runs and runs[-1][-1] == value - 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(
        f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs
    )


def stepped(field: Field, values: int) -> str:
    """Return `*` or `*/n` where that says exactly the values and n divides the field, else a list.

    Only for minutes and hours: a day field that starts with `*` changes how the two day fields are
    joined.
    """
    size = field.high + 1
    for step in range(1, size // 2 + 1):
        if size % step == 0 and values == sum(1 << value for value in range(0, size, step)):
            return "*" if step == 1 else f"*/{step}"
    return listed(values)
