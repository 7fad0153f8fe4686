"""Kafka under the launcher: crashes, orphans, retention."""

import threading
import uuid
from typing import Any

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

from deploy.archive import archive_of
from deploy.jars import kafka_jars
from deploy.kafka import Kafka, start_kafka
from deploy.problems import CannotStart
from shared.stream.topics import Topics
from tests.servers import temporary_data


def options(server: Kafka) -> dict[str, Any]:
    return Topics(server.bootstrap, access=server.admin).options


def publish(server: Kafka, topic: str, value: bytes) -> None:
    admin = KafkaAdminClient(**options(server))
    admin.create_topics([NewTopic(topic, 1, 1)])
    admin.close()
    producer = KafkaProducer(**options(server), acks="all")
    producer.send(topic, value).get(30)
    producer.close()


def first_value(server: Kafka, topic: str) -> bytes:
    consumer = KafkaConsumer(**options(server), consumer_timeout_ms=30_000)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    value: bytes = next(consumer).value
    consumer.close()
    return value


def test_what_was_published_is_there_after_kill_9_and_the_cluster_is_the_same() -> None:
    with temporary_data() as data:
        server = start_kafka(data)
        publish(server, "kept", b"1")
        server.kill9()
        again = start_kafka(data, server.port)
        assert again.cluster_id == server.cluster_id
        assert first_value(again, "kept") == b"1"
        third = start_kafka(data)
        assert not again.process.running, "a broker that was left running is replaced"
        assert first_value(third, "kept") == b"1"
        third.stop()


def test_it_listens_on_loopback_only(kafka: Kafka) -> None:
    sockets = psutil.Process(kafka.process.pid).net_connections("tcp")
    assert {item.laddr.ip.removeprefix("::ffff:") for item in sockets if item.status == "LISTEN"} == {"127.0.0.1"}


def test_events_are_kept_for_ever_unless_a_topic_says_otherwise(kafka: Kafka) -> None:
    topic = f"kept-{uuid.uuid4()}"
    publish(kafka, topic, b"1")
    admin = KafkaAdminClient(**options(kafka))
    told = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    admin.close()
    assert told["topic"][topic]["retention.ms"]["value"] == "-1"


def test_a_later_start_maps_the_classes_that_the_first_one_listed(kafka: Kafka) -> None:
    for thread in threading.enumerate():
        if thread.name == "archive":
            thread.join()
    assert archive_of(kafka_jars()).exists(), kafka.process.log.read_text()
    with temporary_data() as data:
        server = start_kafka(data)
        assert f"-XX:SharedArchiveFile={archive_of(kafka_jars())}" in psutil.Process(server.process.pid).cmdline()
        server.stop()


def test_an_interrupted_first_start_is_done_again() -> None:
    with temporary_data() as data:
        half = data / "kafka" / "log"
        half.mkdir(parents=True)
        (half / "meta.properties").write_text("half")
        server = start_kafka(data)
        publish(server, "kept", b"2")
        assert first_value(server, "kept") == b"2"
        server.stop()


def test_a_taken_port_is_said_in_one_sentence(kafka: Kafka) -> None:
    with temporary_data() as data, pytest.raises(CannotStart, match=f"Port {kafka.port} is in use"):
        start_kafka(data, kafka.port)
