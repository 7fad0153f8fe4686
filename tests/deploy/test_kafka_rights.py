"""Least privilege at Kafka: who does not sign in is not heard, and a service may do its own work there and nothing else."""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from kafka.errors import TopicAuthorizationFailedError as MayNotCreate

from deploy.kafka import Kafka, start_kafka
from deploy.kafka_users import access_of, users
from shared.stream.access import Access
from shared.stream.topics import Topics
from tests.servers import temporary_data


@pytest.fixture
def intake(kafka: Kafka) -> Topics:
    """The topics as the service intake may use them."""
    return Topics(kafka.bootstrap, access=access_of(kafka.data.parent, "intake"))


@asynccontextmanager
async def writing(topics: Topics) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(**topics.options, enable_idempotence=True, acks="all") as producer:
        yield producer


def test_who_does_not_sign_in_gets_no_answer(kafka: Kafka) -> None:
    metadata = struct.pack(">hhihi", 3, 1, 1, -1, 0)
    with socket.create_connection(("127.0.0.1", kafka.port), timeout=30) as connection:
        connection.sendall(struct.pack(">i", len(metadata)) + metadata)
        try:
            assert connection.recv(1) == b""
        except ConnectionResetError:
            pass


async def test_another_password_is_refused(kafka: Kafka) -> None:
    with pytest.raises(KafkaConnectionError):
        async with writing(Topics(kafka.bootstrap, access=Access("intake", "guessed"))):
            pass


async def test_a_service_writes_its_own_topic_and_what_it_puts_aside(intake: Topics) -> None:
    async with writing(intake) as producer:
        for topic in (intake.of("intake"), intake.quarantine):
            await producer.send_and_wait(topic, b"1")


async def test_a_service_that_writes_the_topic_of_another_is_refused(intake: Topics) -> None:
    async with writing(intake) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(intake.of("gates"), b"forged")


async def test_a_service_creates_no_topics_and_is_told_which_there_are(intake: Topics) -> None:
    found = await intake.ensure(*map(intake.of, ("intake", "gates", "benefits", "reporting")), intake.quarantine)
    assert {topic.partitions for topic in found.values()} == {intake.partitions}
    with pytest.raises(MayNotCreate):
        await intake.ensure(intake.of("another"))


async def heard(topics: Topics, topic: str, group: str) -> None:
    consumer = AIOKafkaConsumer(topic, **topics.options, group_id=group)
    try:
        await consumer.start()
        await consumer.getmany(timeout_ms=1_000)
    finally:
        await consumer.stop()


async def test_a_service_reads_the_others_in_its_own_group_alone(intake: Topics) -> None:
    await heard(intake, intake.of("gates"), intake.group("intake"))
    with pytest.raises(GroupAuthorizationFailedError):
        await heard(intake, intake.of("gates"), intake.group("gates"))


def test_passwords_are_in_private_files_and_nowhere_else(kafka: Kafka) -> None:
    data = kafka.data.parent
    passwords = {one.password for one in users(data)}
    assert len(passwords) == 5
    for file in (*(data / "secrets").iterdir(), kafka.data / "server.properties", kafka.data / "formatted"):
        assert file.stat().st_mode & 0o077 == 0, file
    said = kafka.process.log.read_text() + " ".join(psutil.Process(kafka.process.pid).cmdline())
    assert not any(password in said for password in passwords)


def test_other_passwords_are_made_known_by_formatting_again() -> None:
    with temporary_data() as data:
        first = start_kafka(data)
        first.stop()
        (data / "secrets" / "kafka-gates").unlink()
        again = start_kafka(data)
        again.stop()
        assert again.cluster_id != first.cluster_id
