"""The exchange rates of the hour, from a service that may fail."""

import os

import requests

from reconciler import Occurrence


def refresh(base: str, occurrence: Occurrence) -> dict[str, object]:
    """Return the rates; an answer that is not a success raises, and the run is tried again."""
    answer = requests.get(
        f"{os.environ['EXCHANGE_URL']}/latest",
        params={"base": base},
        headers={"Authorization": f"Bearer {os.environ['EXCHANGE_API_KEY']}"},
        timeout=30,
    )
    answer.raise_for_status()
    rates = answer.json()["rates"]
    print(f"{len(rates)} rates of {base} for {occurrence.id}")
    return {"base": base, "rates": rates}
