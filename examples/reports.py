"""A Modal app that writes reports: a function, and a class with a method."""

from datetime import datetime

import modal

app = modal.App("reports", image=modal.Image.debian_slim())


@app.function()
def weekly_report(recipients: list[str], weeks: int = 1) -> str:
    """Sums up the past weeks for its recipients."""
    return f"report on {weeks} week(s) for {', '.join(recipients)}"


@app.function()
def opening_brief(market: str) -> dict[str, object]:
    """What traders of one market want to know before it opens."""
    return {"market": market, "headlines": ["calm seas", "steady rates"]}


@app.cls()
class Invoices:
    """Issues a month's invoices; what they share is prepared once per container."""

    @modal.enter()
    def prepare(self) -> None:
        """Numbers continue where the last container ended."""
        self.next_number = 1_000

    @modal.method()
    def issue(self, period: str, currency: str) -> dict[str, object]:
        """Issues the invoices of the month in which the period lies."""
        month = datetime.fromisoformat(period).strftime("%Y-%m")
        numbers = [self.next_number + offset for offset in range(3)]
        self.next_number += len(numbers)
        return {"month": month, "currency": currency, "invoices": numbers}
