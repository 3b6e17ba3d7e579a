import unittest

from runner import by_situation
from workloads import ROWS, SCALES, with_needs


class WorkloadsTest(unittest.TestCase):
    def test_rows_that_need_others_get_them_first(self):
        self.assertEqual(with_needs([13]), [8, 13])
        self.assertEqual(with_needs([2, 1, 2]), [1, 2])

    def test_every_row_runs_in_one_situation(self):
        grouped = [row.number for rows in by_situation(list(ROWS)).values() for row in rows]
        self.assertEqual(sorted(grouped), sorted(ROWS))

    def test_every_row_says_what_it_measures(self):
        for row in ROWS.values():
            keys = [metric.key for metric in row.metrics]
            self.assertTrue(keys, row.title)
            self.assertEqual(len(keys), len(set(keys)), row.title)

    def test_a_full_run_is_repeated_and_the_others_are_not(self):
        self.assertGreaterEqual(SCALES["full"].repetitions, 5)
        self.assertEqual(SCALES["quick"].repetitions, 1)


if __name__ == "__main__":
    unittest.main()
