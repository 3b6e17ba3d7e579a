import unittest

from figures import Figure, errors_of, figure, merged, number, times_better

RUNS = [
    {"row": 2, "peer": "kafka", "repetition": 0, "metrics": {"throughput": 200.0}},
    {"row": 2, "peer": "kafka", "repetition": 1, "error": "Wrong: offset 7 came in place of 6"},
    {"row": 2, "peer": "kafka", "repetition": 2, "metrics": {"throughput": 100.0}},
    {"row": 2, "peer": "kafka", "repetition": 3, "metrics": {"throughput": 900.0}},
    {"row": 3, "peer": "kafka", "repetition": 0, "metrics": {"throughput": 1.0}},
    {"row": 2, "peer": "distributary", "repetition": 0, "metrics": {"throughput": 2.0}},
]


class FiguresTest(unittest.TestCase):
    def test_median_and_range_of_the_runs_that_count(self):
        self.assertEqual(figure(RUNS, 2, "kafka", "throughput"), Figure(200.0, 100.0, 900.0, 3))
        self.assertIsNone(figure(RUNS, 2, "kafka", "cpu"))
        self.assertIsNone(figure(RUNS, 2, "nats", "throughput"))
        self.assertEqual(errors_of(RUNS, 2, "kafka"), ["Wrong: offset 7 came in place of 6"])

    def test_how_many_times_better(self):
        self.assertEqual(times_better(300, 100, higher_is_better=True), 3)
        self.assertEqual(times_better(300, 100, higher_is_better=False), 1 / 3)
        self.assertIsNone(times_better(300, 0, higher_is_better=True))
        self.assertIsNone(times_better(0, 3, higher_is_better=False))

    def test_numbers_have_three_digits(self):
        shown = [number(value) for value in (0, 0.0123, 0.5, 1.239, 45.67, 123.4, 1234.5, 5_678_901)]
        self.assertEqual(shown, ["0", "0.012", "0.50", "1.24", "45.7", "123", "1,230", "5,680,000"])

    def test_the_rows_of_a_later_measurement_replace_those_of_the_earlier(self):
        first = {
            **{"took": 1, "began": "Mon", "command": "a", "missing": {}},
            "peers": {"kafka": {"version": "4", "settings": {}}},
        }
        later = {
            **{"took": 2, "began": "Tue", "command": "b", "missing": {}},
            "peers": {"nats": {"version": "2", "settings": {}}, "kafka": {"version": "5", "settings": {"heap": "1G"}}},
            "runs": [{"row": 2, "peer": "nats"}],
        }
        whole = merged([{**first, "runs": RUNS}, later])
        self.assertEqual(whole["runs"], [RUNS[4], {"row": 2, "peer": "nats"}])
        self.assertEqual((whole["took"], whole["command"], list(whole["peers"])), (3, "a; b", ["kafka", "nats"]))
        self.assertEqual(whole["began"], "Mon (rows 2: Tue)")
        self.assertEqual(whole["peers"]["kafka"], {"version": "4 (rows 2: 5)", "settings": {"heap": "1G"}})


if __name__ == "__main__":
    unittest.main()
