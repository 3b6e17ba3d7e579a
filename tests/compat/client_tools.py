"""Kafka's command-line tools, by their main classes: what people type, and what scripts read."""

from __future__ import annotations

import json
import re
import subprocess

from clusters import Cluster
from installs import java, java_tools_version
from report import Report

SECONDS = 50
TOPIC = "/activity:tools"


class Tools:
    def __init__(self, words: list[str], cluster: Cluster):
        self._words = words
        self._cluster = cluster

    def command(self, name: str, *arguments: str) -> list[str]:
        return [*self._words, name, "--bootstrap-server", self._cluster.broker, *arguments]

    def run(self, name: str, *arguments: str, text: str = "", status: int = 0) -> str:
        """What it prints. Its log is warnings only, on standard error."""
        words = self.command(name, *arguments)
        result = subprocess.run(words, input=text, capture_output=True, text=True, timeout=SECONDS, check=False,
                                cwd=self._cluster.folder)
        said = f"`{name.rsplit('.', 1)[-1]} {' '.join(arguments)}`: {result.returncode}: {result.stdout}{result.stderr}"
        assert result.returncode == status, said
        print(said, flush=True)
        return result.stdout + (result.stderr if status else "")

    def create(self, topic: str, partitions: int = 1) -> str:
        self.topics("--create", "--topic", topic, "--partitions", str(partitions), "--replication-factor", "1")
        return topic

    def topics(self, *arguments: str, status: int = 0) -> str:
        return self.run("org.apache.kafka.tools.TopicCommand", *arguments, status=status)

    def walk_topics(self) -> None:
        self.create(TOPIC, 3)
        assert "exists" in self.topics("--create", "--topic", TOPIC, status=1)
        assert TOPIC in self.topics("--list").split()
        self.topics("--alter", "--topic", TOPIC, "--partitions", "5")
        said = self.topics("--describe", "--topic", TOPIC)
        assert "PartitionCount: 5" in said and len(re.findall(r"Leader: \d+", said)) == 5, said
        self.topics("--delete", "--topic", TOPIC)
        assert TOPIC not in self.topics("--list").split()

    def walk_configs(self) -> None:
        topic = self.create("tools-configs")  # to describe, this tool takes no other names
        name, of_topic = "kafka.admin.ConfigCommand", ("--entity-type", "topics", "--entity-name", topic)
        self.run(name, "--alter", *of_topic, "--add-config", "retention.ms=3600000")
        assert "retention.ms=3600000" in self.run(name, "--describe", *of_topic)
        self.run(name, "--alter", *of_topic, "--delete-config", "retention.ms")
        assert "retention.ms=3600000" not in self.run(name, "--describe", *of_topic)

    def walk_console(self) -> None:
        topic = self.create("/activity:tools-console")
        lines = [f"key{number}:line {number}" for number in range(100)]
        self.run("org.apache.kafka.tools.ConsoleProducer", "--topic", topic, "--reader-property", "parse.key=true",
                 "--reader-property", "key.separator=:", text="\n".join(lines) + "\n")
        found = self.run("org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", topic, "--from-beginning",
                         "--max-messages", "100", "--timeout-ms", "20000", "--formatter-property", "print.key=true",
                         "--formatter-property", "key.separator=:")
        assert found.splitlines() == lines, found

    def walk_verifiable(self) -> None:
        topic = self.create("/activity:tools-verifiable")
        said = self.run("org.apache.kafka.tools.VerifiableProducer", "--topic", topic, "--max-messages", "500",
                        "--acks", "-1")
        assert self.events(said)["tool_data"]["acked"] == 500
        words = self.command("org.apache.kafka.tools.VerifiableConsumer", "--topic", topic,
                             "--group-id", "tools-verifiable", "--max-messages", "500", "--reset-policy", "earliest")
        result = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
        events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        assert sum(event["count"] for event in events if event["name"] == "records_consumed") == 500, result
        assert any(event["name"] == "offsets_committed" and event["success"] for event in events), result

    @staticmethod
    def events(said: str) -> dict[str, dict]:
        return {event["name"]: event for event in map(json.loads, said.splitlines())}

    def walk_perf(self) -> None:
        topic, count = self.create("/activity:tools-perf", 3), "50000"
        said = self.run("org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", count,
                        "--record-size", "200", "--throughput", "-1")
        assert f"{count} records sent" in said, said
        said = self.run("org.apache.kafka.tools.ConsumerPerformance", "--topic", topic, "--num-records", count,
                        "--timeout", "30000")
        assert int(said.splitlines()[-1].split(",")[4]) >= int(count), said

    def walk_groups(self) -> None:
        # --topic of this tool takes name:partitions, and so no name with a colon.
        topic, group = self.create("tools-groups", 2), "tools-groups"
        self.run("org.apache.kafka.tools.ConsoleProducer", "--topic", topic, text="one\ntwo\nthree\n")
        self.run("org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", topic, "--group", group,
                 "--from-beginning", "--max-messages", "3", "--timeout-ms", "20000")
        name, one = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", ("--group", group)
        assert group in self.run(name, "--list").split()
        assert self.lags(self.run(name, "--describe", *one), group) == [0, 0]
        assert "Empty" in self.run(name, "--describe", "--state", *one)
        self.run(name, "--reset-offsets", "--to-earliest", "--topic", topic, "--execute", *one)
        assert sum(self.lags(self.run(name, "--describe", *one), group)) == 3
        self.run(name, "--delete-offsets", "--topic", topic, *one)
        self.run(name, "--reset-offsets", "--to-latest", "--topic", topic, "--execute", *one)
        self.run(name, "--delete", *one)
        assert group not in self.run(name, "--list").split()

    @staticmethod
    def lags(said: str, group: str) -> list[int]:
        return [int(line.split()[5]) for line in said.splitlines() if line.startswith(group)]

    def walk_offsets(self) -> None:
        topic = self.create("/activity:tools-offsets", 2)
        self.run("org.apache.kafka.tools.ConsoleProducer", "--topic", topic, text="one\ntwo\nthree\n")
        for time, expected in (("-1", 3), ("-2", 0)):
            said = self.run("org.apache.kafka.tools.GetOffsetShell", "--topic", topic, "--time", time)
            assert sum(int(line.rsplit(":", 1)[1]) for line in said.splitlines()) == expected, said

    def walk_delete_records(self) -> None:
        topic = self.create("/activity:tools-delete-records")
        self.run("org.apache.kafka.tools.ConsoleProducer", "--topic", topic, text="one\ntwo\nthree\n")
        wanted = self._cluster.folder / "delete.json"
        wanted.write_text(json.dumps({"partitions": [{"topic": topic, "partition": 0, "offset": 2}], "version": 1}))
        said = self.run("org.apache.kafka.tools.DeleteRecordsCommand", "--offset-json-file", str(wanted))
        assert "low_watermark: 2" in said, said

    def walk_transactions(self) -> None:
        topic = self.create("/activity:tools-transactions")
        self.run("org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", "100",
                 "--record-size", "10", "--throughput", "-1", "--transactional-id", "tools-transactions",
                 "--transaction-duration-ms", "100")
        name = "org.apache.kafka.tools.TransactionsCommand"
        assert "tools-transactions" in self.run(name, "list")
        said = self.run(name, "describe", "--transactional-id", "tools-transactions")
        assert "CompleteCommit" in said, said

    def walk_log_dirs(self) -> None:
        topic = self.create("/activity:tools-log-dirs", 2)
        name = "org.apache.kafka.tools.LogDirsCommand"
        said = self.run(name, "--describe", "--topic-list", topic)
        (directory,) = json.loads(said.splitlines()[-1])["brokers"][0]["logDirs"]
        assert directory["error"] is None and len(directory["partitions"]) == 2, said
        self.reassign(topic, directory["logDir"], status=0)
        assert "LogDirNotFound" in self.reassign(topic, "/elsewhere", status=1)

    def reassign(self, topic: str, directory: str, status: int) -> str:
        wanted = self._cluster.folder / "reassign.json"
        partition = {"topic": topic, "partition": 0, "replicas": [1], "log_dirs": [directory]}
        wanted.write_text(json.dumps({"version": 1, "partitions": [partition]}))
        return self.run("org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--execute",
                        "--reassignment-json-file", str(wanted), "--timeout", "2000", status=status)

    def walk_quorum(self) -> None:
        name = "org.apache.kafka.tools.MetadataQuorumCommand"
        said = self.run(name, "describe", "--status")
        assert re.search(r"LeaderId:\s+1\n", said) and re.search(r"MaxFollowerLag:\s+0\n", said), said
        assert "Leader" in self.run(name, "describe", "--replication").splitlines()[1]

    def walk_users(self) -> None:
        name, users = "kafka.admin.ConfigCommand", ("--entity-type", "users")
        assert not self.run(name, "--describe", *users)
        self.run(name, "--alter", *users, "--entity-name", "alice", "--add-config", "producer_byte_rate=1000000")
        assert "producer_byte_rate=1000000" in self.run(name, "--describe", *users)
        assert "producer_byte_rate=1000000" in self.run(name, "--describe", *users, "--entity-name", "alice")
        self.run(name, "--alter", *users, "--entity-name", "alice", "--delete-config", "producer_byte_rate")
        assert not self.run(name, "--describe", *users)
        assert not self.run(name, "--describe", "--entity-type", "clients")

    def steps(self) -> dict:
        return {
            "topics": self.walk_topics, "configs": self.walk_configs, "console": self.walk_console,
            "verifiable": self.walk_verifiable, "perf": self.walk_perf, "groups": self.walk_groups,
            "offsets": self.walk_offsets, "delete-records": self.walk_delete_records,
            "transactions": self.walk_transactions, "log-dirs": self.walk_log_dirs, "quorum": self.walk_quorum,
            "users": self.walk_users,
        }


def prepare():
    words = java()

    def start(cluster: Cluster, features: list[str], report: Report) -> None:
        report.version = java_tools_version()
        report.steps(Tools(words, cluster).steps(), features)

    return start
