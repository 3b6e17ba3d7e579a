"""All peers, by their names."""

from peers.base import Peer
from peers.distributary import Distributary
from peers.kafka import Kafka, TunedKafka
from peers.nats import Nats

PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Distributary, Kafka, TunedKafka, Nats)}
