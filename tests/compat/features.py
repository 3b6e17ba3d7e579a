"""What is asked of each client, in the order of docs/compatibility.md.

Clients of the protocol are all asked the same; programs that are made of one client, each what it is for.
"""

from __future__ import annotations

FEATURES = {
    "produce": "keys, headers, nulls, timestamps",
    "gzip": "gzip",
    "snappy": "snappy",
    "lz4": "lz4",
    "zstd": "zstd",
    "large": "messages of 8 MB",
    "partitions": "200 partitions",
    "full-names": "full topic names, `/activity:clicks`",
    "short-names": "short topic names, of the default stream",
    "groups": "groups: two share, one leaves",
    "commits": "positions: commit, end, go on",
    "consumer-groups": "groups of the newer protocol (KIP-848)",
    "idempotence": "idempotent producer",
    "transactions": "transactions: commit, abort, read committed",
    "transaction-offsets": "positions within a transaction",
    "fencing": "fencing of an older transactional producer",
    "restart": "`kill -9` of the server in the middle",
    "topics": "topics: create, describe, grow, delete",
    "configs": "settings of a topic: describe, change",
    "group-admin": "groups: list, describe, delete",
    "offset-admin": "positions and offsets: list, change",
    "delete-records": "records: delete up to an offset",
    "cluster": "the cluster: describe",
}

CLIENTS = {
    "kcat": "kcat",
    "rdkafka": "librdkafka (C)",
    "confluent": "confluent-kafka (Python)",
    "kafka-python": "kafka-python",
    "kafkajs": "kafkajs",
    "platformatic": "@platformatic/kafka",
    "franz-go": "franz-go",
    "sarama": "sarama",
    "java": "Kafka's Java client",
}

PROGRAMS = {
    "tools": "Kafka's command-line tools",
    "ui": "what web consoles ask (Java `Admin`)",
    "streams": "Kafka Streams",
    "connect": "Kafka Connect, a standalone worker",
}

PROGRAM_FEATURES = {
    "tools": {
        "topics": "`kafka-topics`: create, describe, list, alter, delete",
        "configs": "`kafka-configs`: describe, alter (it describes topics of short names only)",
        "console": "`kafka-console-producer`, `kafka-console-consumer`",
        "verifiable": "`kafka-verifiable-producer`, `kafka-verifiable-consumer`",
        "perf": "`kafka-producer-perf-test`, `kafka-consumer-perf-test`",
        "groups": "`kafka-consumer-groups`: list, describe, reset, delete (its `--topic` takes short names only)",
        "offsets": "`kafka-get-offsets`",
        "delete-records": "`kafka-delete-records`",
        "transactions": "`kafka-transactions`: list, describe",
        "log-dirs": "`kafka-log-dirs`: describe; `kafka-reassign-partitions` within and between directories",
        "quorum": "`kafka-metadata-quorum`: describe",
        "users": "`kafka-configs` of users and clients: describe (none has a SCRAM credential), quotas",
    },
    "ui": {
        "describe-cluster": "describeCluster",
        "topics": "listTopics, describeTopics",
        "topic-configs": "describeConfigs of topics, with synonyms and documentation",
        "broker-configs": "describeConfigs of the broker",
        "groups": "listGroups, listConsumerGroups, describeConsumerGroups, describeClassicGroups",
        "group-offsets": "listConsumerGroupOffsets",
        "list-offsets": "listOffsets: earliest, latest, by time, of the greatest time",
        "log-dirs": "describeLogDirs",
        "acls": "describeAcls",
        "transactions": "listTransactions, describeTransactions",
        "producers": "describeProducers",
        "quotas": "describeClientQuotas",
        "scram": "describeUserScramCredentials",
        "features": "describeFeatures",
        "reassignments": "listPartitionReassignments",
        "elect-leaders": "electLeaders",
        "quorum": "describeMetadataQuorum",
    },
    "streams": {
        "exactly-once": "words counted exactly once",
        "restart": "the application is closed and goes on; the server is killed with -9 meanwhile",
        "topology": "joins and windows over repartitioned topics",
    },
    "connect": {
        "source": "the file source writes each line once",
        "sink": "the file sink gets every record",
        "restart": "the worker is ended and goes on where it was",
    },
}


def features_of(name: str) -> dict[str, str]:
    return PROGRAM_FEATURES.get(name, FEATURES)


# What this server does not do yet: a client's feature, or a feature of all clients, and why. It is not run, is counted
# as skipped, and has its reason on the page.
GAPS: dict[str, str] = {}


def gap(client: str, feature: str) -> str | None:
    return GAPS.get(f"{client}.{feature}") or (GAPS.get(feature) if client in CLIENTS else None)
