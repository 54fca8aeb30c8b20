"""When a schedule runs is said as a person would say it."""

from __future__ import annotations

import pytest

from reconciler.render.when_words import when_in_words


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["* * * * *"], "every minute"),
        (["*/15 * * * *"], "every 15 minutes"),
        (["5-59/20 * * * *"], "every 20 minutes from :05"),
        (["10m"], "every 10 minutes"),
        (["0 * * * *"], "every hour"),
        (["@hourly"], "every hour"),
        (["15 * * * *"], "15 minutes past every hour"),
        (["0 */2 * * *"], "every 2 hours"),
        (["30 */6 * * *"], "30 minutes past every 6 hours"),
        (["0 1-23/2 * * *"], "every 2 hours from 01:00"),
        (["0 2 * * *"], "02:00 every day"),
        (["0 6,18 * * *"], "06:00 and 18:00 every day"),
        (["0 2 * * 1"], "02:00 on Mondays"),
        (["10 5 * * 1-5"], "05:10 on weekdays"),
        (["0 8 * * SAT,SUN"], "08:00 on weekends"),
        (["0 8 * * 2,4"], "08:00 on Tuesdays and Thursdays"),
        (["0 6 1 * *"], "06:00 on the 1st"),
        (["0 6 1,15 * *"], "06:00 on the 1st and 15th"),
        (["0 6 22 3 *"], "06:00 on the 22nd of Mar"),
        (["0 6 * 6-8 *"], "06:00 in Jun, Jul and Aug"),
        (["0 6 * 6 1"], "06:00 on Mondays in Jun"),
        (["*/30 8-18 * * 1-5"], "every 30 minutes, 08:00\N{EN DASH}18:59 on weekdays"),
        (["1d"], "00:00 every day"),
        (["3d from 2026-12-01T09:00"], "09:00 every 3 days"),
        (["2w from 2026-12-01T09:00"], "09:00 every 2 weeks"),
        (["0 6 * * *", "0 18 * * 1"], "06:00 every day and 18:00 on Mondays"),
        (["0 0 1-31 * 1"], "00:00 every day"),
    ],
)
def test_common_times_have_words(texts: list[str], words: str) -> None:
    assert when_in_words(texts) == words


@pytest.mark.parametrize(
    "text",
    [
        "0 0 1,15 * 1",
        "0 0 */2 * 1",
        "7,22,31,59,3 * * * *",
        "*/7 * * * *",
        "0 0 1-10 * *",
        "0 */5 * * *",
        "*/10 1,5 * * *",
        "0 6 * 1-6 *",
    ],
)
def test_what_has_no_short_form_stays_an_expression(text: str) -> None:
    assert when_in_words([text]) == text
