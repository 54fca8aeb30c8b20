"""The exchange rates of the hour: schedule, resources and code in one file."""

import os

import requests

import reconciler


@reconciler.schedule(
    "1h",
    name="exchange-rates",
    args={"base": "EUR"},
    image={"pip": ["requests==2.32.5"]},
    cpu=1,
    memory="1Gi",
    secrets=[{"name": "exchange-api", "keys": ["EXCHANGE_URL", "EXCHANGE_API_KEY"]}],
    timeout="2m",
    retries={"max": 3, "backoff": "1s"},
)
def refresh(base: str, occurrence: reconciler.Occurrence) -> dict[str, object]:
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
