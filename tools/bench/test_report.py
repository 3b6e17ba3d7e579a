import unittest
import xml.etree.ElementTree as ElementTree

import report


def run(row: int, peer: str, repetition: int, **metrics: float):
    return {"row": row, "peer": peer, "repetition": repetition, "took": 1.0, "metrics": metrics}


RESULTS = {
    "scale": "full",
    "command": "./x bench --full",
    "began": "2026-01-02T03:04:05+00:00",
    "took": 3600,
    "machine": {"processor": "a processor", "cores": "2"},
    "missing": {"nats": "there is neither go to build it nor a nats-server"},
    "peers": {
        "distributary": {"version": "abc", "settings": {"stream": "-durability async"}},
        "kafka": {"version": "4.3.1", "settings": {"JVM": "-Xmx1G"}},
    },
    "runs": [
        *(run(2, "distributary", n, throughput=value, cpu=1.0) for n, value in enumerate((500.0, 600.0, 700.0))),
        *(run(2, "kafka", n, throughput=value, cpu=4.0) for n, value in enumerate((150.0, 200.0, 210.0))),
        run(2, "raw", 0, throughput=800.0, cpu=0.5),
        run(6, "distributary", 0, delivered_p99=0.5),
        run(6, "kafka", 0, delivered_p99=5.0),
        {"row": 6, "peer": "kafka", "repetition": 1, "error": "Wrong: row6/0 offset 3: not what was produced"},
    ],
}


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.pages = report.pages(RESULTS)
        self.page = self.pages["benchmarks.md"]

    def row_of(self, begin: str) -> list[str]:
        (line,) = [line for line in self.page.splitlines() if line.startswith(f"| {begin}")]
        return [cell.strip() for cell in line.strip("|").split("|")]

    def test_overview_says_how_many_times_better(self):
        self.assertEqual(self.row_of("[2. ")[1:], ["600 MB/s", "3.00x", "0.75x"])
        # Lower is better for a time.
        self.assertEqual(self.row_of("[6. ")[1:], ["0.50 delivered p99, ms", "10.0x", ""])

    def test_sections_have_medians_and_ranges(self):
        self.assertIn("| MB/s | 600 (500 to 700) | 200 (150 to 210) 3.00x | 800 0.75x |", self.page)

    def test_machine_with_tls_is_shown_where_it_was_measured(self):
        more = [run(8, peer, 0, throughput=value) for peer, value in (("distributary", 300.0), ("raw-tls", 400.0))]
        page = report.pages({**RESULTS, "runs": [*RESULTS["runs"], *more]})["benchmarks.md"]
        self.assertIn("| MB/s | 300 |  |  | 400 0.75x |", page)
        self.assertIn("machine, TLS: page cache, TLS 1.3", page)
        self.assertIn("| MB/s | 600 (500 to 700) | 200 (150 to 210) 3.00x | 800 0.75x |", page)

    def test_runs_that_do_not_count_are_named(self):
        self.assertIn("Kafka: 1 run(s) did not count: Wrong: row6/0 offset 3: not what was produced", self.page)

    def test_costs_are_those_of_the_rows(self):
        self.assertEqual(self.row_of("produce"), ["produce", "1.00 (1.00 to 1.00)", "4.00 (4.00 to 4.00)", "0.50"])

    def test_says_what_it_ran_on_and_what_is_missing(self):
        ran_on = ("| processor | a processor |", "`./x bench --full`, in 60 minutes")
        for text in (*ran_on, "Kafka 4.3.1", "`JVM`: `-Xmx1G`"):
            self.assertIn(text, self.page)
        self.assertIn("NATS is not there: there is neither go", self.page)

    def test_every_plot_of_the_page_is_there_and_is_xml(self):
        plots = {name for name in self.pages if name.endswith(".svg")}
        self.assertEqual(plots, {"benchmarks/row-02.svg", "benchmarks/row-06.svg"})
        for name in plots:
            self.assertIn(f"]({name})", self.page)
            root = ElementTree.fromstring(self.pages[name])
            self.assertTrue(root.tag.endswith("svg"))

    def test_bars_are_as_long_as_their_medians(self):
        root = ElementTree.fromstring(self.pages["benchmarks/row-02.svg"])
        widths = [float(bar.get("width")) for bar in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
        self.assertAlmostEqual(widths[0] / widths[1], 3.0, places=2)
        self.assertAlmostEqual(widths[2] / widths[1], 4.0, places=2)

    def test_the_terminal_gets_the_same_figures(self):
        self.assertIn("distributary 600  kafka 200 (3.00x)  raw 800 (0.75x)", report.text(RESULTS))

    def test_without_results_the_page_says_so(self):
        self.assertEqual(list(report.pages(None)), ["benchmarks.md"])
        self.assertIn("no measurement of a quiet machine yet", report.pages(None)["benchmarks.md"])


if __name__ == "__main__":
    unittest.main()
