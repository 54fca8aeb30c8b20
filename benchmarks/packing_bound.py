"""A bound below every packing: what no crons of a given number can do.

Whatever wakes for all the pieces puts each of them into some cron's cover. The search goes through
all ways to do so, at each step with the piece that has the fewest places left. A partial packing
costs what its covers cost, and at least one wake more for each piece that is in none of them: when
that reaches the limit, nothing that follows stays below it.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.pack.shape import cost


class Search:
    """Looks for crons that wake for all pieces and cost less than a limit.

    Attributes:
        nodes: partial packings that may still be looked at.
    """

    def __init__(self, pieces: Sequence[int], crons: int, nodes: int) -> None:
        self.nodes = nodes
        self._pieces = pieces
        self._crons = crons
        self._weights = [cost(piece) for piece in pieces]
        self._costs: dict[int, int] = {}
        self._covered: dict[int, int] = {}
        self._wakes: dict[int, int] = {}

    def below(self, limit: int) -> bool | None:
        """Whether there are such crons; None when the nodes do not suffice to tell."""
        if self._place((), (1 << len(self._pieces)) - 1, limit):
            return True
        return None if self.nodes <= 0 else False

    def _place(self, covers: tuple[int, ...], left: int, limit: int) -> bool:
        self.nodes -= 1
        if self.nodes <= 0:
            return False
        slack = limit - sum(map(self._cost, covers)) - self._wake(left)
        if slack <= 0:
            return False
        if not left:
            return True
        places = self._fewest_places(covers, left, slack)
        return any(self._place(widened, rest, limit) for _, widened, rest in sorted(places))

    def _fewest_places(
        self, covers: tuple[int, ...], left: int, slack: int
    ) -> list[tuple[int, tuple[int, ...], int]]:
        """Where the piece with the fewest places can go: wasted wakes, covers, pieces left."""
        fewest = None
        pending = left
        while pending:
            piece = (pending & -pending).bit_length() - 1
            pending &= pending - 1
            places = []
            if len(covers) < self._crons:
                opened = (*covers, self._pieces[piece])
                places.append((0, opened, left & ~(1 << piece)))
            for n, cover in enumerate(covers):
                wider = cover | self._pieces[piece]
                gained = left & self._in(wider)
                wasted = self._cost(wider) - self._cost(cover) - self._wake(gained)
                if wasted < slack:
                    widened = (*covers[:n], wider, *covers[n + 1 :])
                    places.append((wasted, widened, left & ~gained))
            if fewest is None or len(places) < len(fewest):
                fewest = places
                if len(fewest) <= 1:
                    break
        return fewest or []

    def _cost(self, cover: int) -> int:
        found = self._costs.get(cover)
        if found is None:
            found = self._costs[cover] = cost(cover)
        return found

    def _in(self, cover: int) -> int:
        """The pieces that a cover has, a bit each."""
        found = self._covered.get(cover)
        if found is None:
            found = sum(1 << n for n, piece in enumerate(self._pieces) if cover | piece == cover)
            self._covered[cover] = found
        return found

    def _wake(self, pieces: int) -> int:
        """What it costs to wake for these pieces and nothing else."""
        found = self._wakes.get(pieces)
        if found is None:
            found = 0
            rest = pieces
            while rest:
                found += self._weights[(rest & -rest).bit_length() - 1]
                rest &= rest - 1
            self._wakes[pieces] = found
        return found
