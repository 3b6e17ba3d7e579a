import contextlib
import pathlib
import tempfile
import unittest
from typing import ClassVar
from unittest import mock

import runner
from peers.base import Peer, Situation
from progress import Progress, Step
from workloads import SCALES
from workloads.base import Metric, Row

ALONE = Situation("alone")


class Works(Row):
    number = 1
    title = "works"
    situation = ALONE
    metrics: ClassVar[list[Metric]] = [Metric("value", "things", True)]

    def measure(self, peer, scale):
        return {"value": 1.0}


class NotReady(Works):
    number = 2

    def prepare(self, peer, scale):
        raise RuntimeError("no room")


class Good(Peer):
    name = "good"
    title = "Good"

    def start_servers(self):
        pass

    def stop_servers(self):
        pass

    def pids(self):
        return {}


class DoesNotStart(Good):
    name = "bad"
    title = "Bad"

    def start_servers(self):
        raise RuntimeError("a port is taken")


class CannotBeMade(Good):
    name = "odd"
    title = "Odd"

    def settings(self):
        raise KeyError("heap")


class RunnerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for patch in (
            mock.patch.object(runner, "ROWS", {1: Works(), 2: NotReady()}),
            mock.patch.object(runner.processes, "settle", lambda _: None),
            mock.patch.object(runner.os, "sync", lambda: None),
            mock.patch.object(runner.memory, "watching", lambda _: contextlib.nullcontext()),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def run_with(self, peers, repetitions=1):
        scale = runner.dataclasses.replace(SCALES["tiny"], repetitions=repetitions)
        plan = runner.Plan(scale, [1, 2], peers, limits=False)
        self.said = []
        self.saved = []
        folder = pathlib.Path(self.folder.name)
        on_step = lambda one: self.saved.append(len(one.runs))  # noqa: E731
        found = runner.Runner(plan, folder, folder / "payload", self.said.append, on_step)
        found.run()
        return found

    def outcomes(self, found):
        return [(run["peer"], run["row"], run.get("error", "fine")) for run in found.runs]

    def test_what_fails_is_named_and_the_others_go_on(self):
        outcomes = self.outcomes(self.run_with([DoesNotStart, CannotBeMade, Good]))
        self.assertEqual(
            outcomes,
            [
                ("bad", 1, "RuntimeError: a port is taken"),
                ("bad", 2, "RuntimeError: a port is taken"),
                ("odd", 1, "KeyError: 'heap'"),
                ("odd", 2, "KeyError: 'heap'"),
                ("good", 2, "RuntimeError: no room"),
                ("good", 1, "fine"),
            ],
        )

    def test_what_failed_twice_is_not_tried_again(self):
        outcomes = self.outcomes(self.run_with([Good], repetitions=5))
        self.assertEqual(len([row for _, row, _ in outcomes if row == 1]), 5)
        self.assertEqual(len([row for _, row, _ in outcomes if row == 2]), runner.GIVEN_UP_AFTER)

    def test_results_are_handed_over_after_every_peer(self):
        self.run_with([DoesNotStart, Good], repetitions=2)
        self.assertEqual(self.saved, [2, 4, 6, 8])
        self.assertIn("-- step 1 of 4, repetition 1 of 2: bad, alone", self.said)

    def test_a_slow_machine_gets_fewer_repetitions(self):
        with mock.patch.object(Progress, "minutes_of_repetition", lambda _: 100):
            found = self.run_with([Good], repetitions=5)
        self.assertEqual(len([run for run in found.runs if run["row"] == 1]), runner.FEWEST_REPETITIONS)
        self.assertEqual(found.cut, "3 of 5 repetitions, for want of time")


class ProgressTest(unittest.TestCase):
    def test_what_is_left_is_judged_by_what_the_same_took(self):
        steps = [Step(repetition, "alone", peer) for repetition in (0, 1) for peer in ("a", "b")]
        progress = Progress(steps, clock=lambda: 0)
        self.assertIsNone(progress.minutes_left())
        progress.end_step(60)
        self.assertEqual(progress.minutes_left(), 3)
        progress.end_step(180)
        self.assertEqual(progress.minutes_left(), 4)
        self.assertEqual(progress.text(), "-- step 3 of 4, repetition 2 of 2, about 4 min left: a, alone")
        progress.end_step(60)
        self.assertEqual(progress.minutes_left(), 3)


if __name__ == "__main__":
    unittest.main()
