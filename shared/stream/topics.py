"""Topics: one per service, named by what they carry, kept for ever."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError

from shared.stream.access import Access

T = TypeVar("T")
_APPEARS_SECONDS = 30
# It warns at every sign-in without TLS that the password is in the clear; with SCRAM it is not sent.
logging.getLogger("kafka.net.sasl.scram").setLevel(logging.ERROR)
CONFIGURATION = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it stands in a cluster; a topic made again under the same name has another id."""

    name: str
    cluster: str
    id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one environment. `bootstrap` is host:port; `prefix` sets environments on one cluster apart.

    `access` is who signs in there; None for a cluster that asks nobody.
    """

    bootstrap: str
    prefix: str = "minutebook"
    partitions: int = 8
    access: Access | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What a client of aiokafka or kafka-python is made with."""
        return {"bootstrap_servers": self.bootstrap, **(self.access.options() if self.access else {})}

    def of(self, service: str) -> str:
        """The topic that carries the log of `service`."""
        return f"{self.prefix}.{service}.v1"

    def log(self, topic: str) -> str:
        """The log that `topic` carries."""
        return topic.removeprefix(f"{self.prefix}.").removesuffix(".v1")

    def group(self, service: str) -> str:
        """The consumer group of `service` in this environment."""
        return f"{self.prefix}.{service}"

    @property
    def quarantine(self) -> str:
        """Copies of the records that could not be applied, with the reason in headers."""
        return f"{self.prefix}.quarantine.v1"

    async def ensure(self, *names: str) -> dict[str, Topic]:
        """Creates the topics that are missing; all of them by name.

        Raises KafkaError when the broker does not answer, or when a topic is missing and this user may not create it.
        """
        return await self._ask(lambda admin: self.ensure_with(admin, names))

    async def ends(self, topic: Topic) -> dict[int, int]:
        """The offset at which each partition continues. Raises KafkaError."""
        wanted = {TopicPartition(topic.name, number): OffsetSpec.LATEST for number in range(topic.partitions)}
        found: Mapping[TopicPartition, Any] = await self._ask(lambda admin: admin.list_partition_offsets(wanted))
        return {partition.partition: at.offset for partition, at in found.items()}

    def ensure_with(self, admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, Topic]:
        """The same, by a client that is connected, which may take its time."""
        found = self._described(admin, names)
        if missing := [name for name in names if name not in found]:
            wanted = {name: {"num_partitions": self.partitions, "replication_factor": -1, "configs": CONFIGURATION} for name in missing}
            try:
                admin.create_topics(wanted, timeout_ms=_APPEARS_SECONDS * 1000, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                # Another process creates them at this moment.
                pass
            found = self._described(admin, names)
            if not all(name in found for name in names):
                raise KafkaError(f"the topics {missing} were created but do not show yet")
        return found

    @staticmethod
    def _described(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, Topic]:
        cluster = str(admin.describe_cluster()["cluster_id"])
        return {
            topic["name"]: Topic(topic["name"], cluster, str(topic["topic_id"]), len(topic["partitions"]))
            for topic in admin.describe_topics(list(names))
            if topic["error_code"] == 0 and topic["partitions"]
        }

    async def _ask(self, question: Callable[[KafkaAdminClient], T]) -> T:
        def asked() -> T:
            admin = KafkaAdminClient(**self.options, request_timeout_ms=_APPEARS_SECONDS * 1000)
            try:
                return question(admin)
            finally:
                admin.close()

        return await asyncio.to_thread(asked)
