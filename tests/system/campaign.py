#!/usr/bin/env -S /usr/bin/python3 -B
"""Kills source and replica, and cuts and stalls the link between them, at random moments under load; then compares.

    campaign.py replication --kills 200 --seed 7

The same seed gives the same faults in the same order; how far the servers are at each is up to the machine.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import sys
import tempfile
import time
from collections.abc import Callable

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL, consume, partitions_of, same_bytes, same_history
from proxy import Proxy
from rdkafka_client import Client
from two_clusters import REPLICA, SOURCE, procedure
from waiting import pause

DELAY_SECONDS = (0.02, 0.5)  # between one fault and the next
STALL_SECONDS = (0.05, 0.4)
CHECK_EVERY = 25
TOPIC = "/activity:wide"
PARTITIONS = 4


class Campaign:
    def __init__(self, site: Site, seed: int):
        self.site = site
        self.random = random.Random(seed)
        self.source, self.replica = site.add("sanfrancisco", "newyork")
        self.proxy = Proxy(self.replica.gateway_port)
        self.replica.gateway_address = f"127.0.0.1:{self.proxy.port}"
        site.write_map()
        self.faults: dict[str, Callable[[], None]] = {
            "kill source": lambda: self.kill(self.source),
            "kill replica": lambda: self.kill(self.replica),
            "kill both": self.kill_both,
            "cut link": self.proxy.cut,
            "link away": self.link_away,
            "stall source": lambda: self.stall(self.source),
            "stall replica": lambda: self.stall(self.replica),
        }
        self.counts = dict.fromkeys(self.faults, 0)
        self.sent = 0
        self.load: Client | None = None

    def kill(self, cluster: Cluster) -> None:
        cluster.kill()
        cluster.start()

    def kill_both(self) -> None:
        self.replica.kill()
        self.source.kill()
        self.source.start(wait=False)
        self.replica.start()
        self.source.wait_ready()

    def link_away(self) -> None:
        self.proxy.cut(refuse=True)
        pause(self.random.uniform(*STALL_SECONDS))
        self.proxy.mend()

    def stall(self, cluster: Cluster) -> None:
        cluster.freeze()
        pause(self.random.uniform(*STALL_SECONDS))
        cluster.thaw()

    def prepare(self) -> None:
        self.site.start()
        self.site.maprcli(f"stream create -path {SOURCE} {OPEN_TO_ALL}")
        self.site.maprcli(f"stream topic create -path {SOURCE} -topic wide -partitions {PARTITIONS}")
        self.start_load()
        procedure(self.site)

    def start_load(self) -> None:
        codec = self.random.choice(["none", "lz4", "zstd"])
        self.load = Client(self.source, "produce", TOPIC, "0", codec, str(self.sent))

    def one_fault(self) -> str:
        pause(self.random.uniform(*DELAY_SECONDS))
        name = self.random.choice(list(self.faults))
        self.faults[name]()
        self.counts[name] += 1
        return name

    def check(self) -> str:
        """Stops the load, lets everything arrive and compares. Answers what was found, in words."""
        last = self.load.finish()[-1]
        self.sent += int(last.removeprefix("sent "))
        self.site.wait_replicated(SOURCE, 60)
        topics = partitions_of(self.site, SOURCE)
        assert partitions_of(self.site, REPLICA) == topics, topics
        records = same_bytes(self.source, self.replica, "/activity", topics)
        assert records == self.sent, f"{records} records, but {self.sent} were sent and acknowledged"
        same_history(self.site, SOURCE, REPLICA)
        return f"{records} records identical, chain hashes equal"

    def check_messages(self) -> None:
        """Every message that was acknowledged is at the replica, once, and in order within its partition."""
        found: dict[int, list[int]] = {}
        for message in consume(self.replica, TOPIC):
            found.setdefault(message.partition, []).append(int(message.value.split()[1]))
        for partition, numbers in found.items():
            assert numbers == sorted(numbers), f"partition {partition} is out of order"
        everything = sorted(number for numbers in found.values() for number in numbers)
        different = len(set(everything))
        assert everything == list(range(self.sent)), f"{len(everything)} messages, {different} different ones"

    def run(self, kills: int, say: Callable[[str], None]) -> str:
        self.prepare()
        found = ""
        for number in range(1, kills + 1):
            self.one_fault()
            if number % CHECK_EVERY == 0 or number == kills:
                found = self.check()
                say(f"{number:4} faults, {found}")
                if number < kills:
                    self.start_load()
        self.check_messages()
        return found

    def close(self) -> None:
        if self.load is not None and self.load.process.poll() is None:
            self.load.process.kill()
        self.proxy.close()


def run_campaign(site: Site, faults: int, seed: int, say: Callable[[str], None]) -> Campaign:
    campaign = Campaign(site, seed)
    try:
        campaign.run(faults, say)
    finally:
        campaign.close()
    return campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["replication"])
    parser.add_argument("--kills", type=int, default=200, help="how many faults (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folder if it fails")
    arguments = parser.parse_args()
    site = Site(pathlib.Path(tempfile.mkdtemp(prefix="distributary-campaign-")))
    begin = time.monotonic()
    try:
        campaign = run_campaign(site, arguments.kills, arguments.seed, lambda line: print(line, flush=True))
    except Exception as error:  # whatever failed, the logs say more
        print(f"seed {arguments.seed}: {type(error).__name__}: {error}")
        for name, cluster in site.clusters.items():
            print(f"--- log of {name}\n{cluster.tail()}")
        site.close(keep=arguments.keep)
        print("0 passed, 1 failed")
        return 1
    site.close()
    counts = ", ".join(f"{count} x {name}" for name, count in campaign.counts.items() if count)
    print(f"{counts}; {campaign.sent} messages, all once, identical at both sides; {time.monotonic() - begin:.0f} s")
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
