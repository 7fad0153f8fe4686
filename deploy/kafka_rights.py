"""The topics of the Kafka of this machine, and what its users may do there.

A service may write its own topic and the quarantine's, read all topics of Minutebook, and use its own consumer group; nothing else.
"""

import time

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from deploy.topology import SERVICES
from shared.stream.topics import Topics


def prepare(topics: Topics, deadline: float) -> None:
    """Wait until the controller has let a broker in, and make the topics and rights that are missing. Raises KafkaError.

    `deadline` is on the monotonic clock.
    """
    client = KafkaAdminClient(**topics.options, bootstrap_timeout_ms=5_000)
    try:
        while all(broker["is_fenced"] for broker in client.describe_cluster()["brokers"]) and time.monotonic() < deadline:
            time.sleep(0.02)
        failed = client.create_acls([right for service in SERVICES for right in _rights(topics, service)])["failed"]
        if failed:
            raise failed[0]
        topics.ensure_with(client, [*map(topics.of, SERVICES), topics.quarantine])
    finally:
        client.close()


def _rights(topics: Topics, service: str) -> list[ACL]:
    literal, prefixed = ACLResourcePatternType.LITERAL, ACLResourcePatternType.PREFIXED
    rights = (
        (ACLOperation.READ, ResourceType.TOPIC, f"{topics.prefix}.", prefixed),
        (ACLOperation.WRITE, ResourceType.TOPIC, topics.of(service), literal),
        (ACLOperation.WRITE, ResourceType.TOPIC, topics.quarantine, literal),
        (ACLOperation.READ, ResourceType.GROUP, topics.group(service), literal),
    )
    return [
        ACL(f"User:{service}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name, pattern))
        for operation, kind, name, pattern in rights
    ]
