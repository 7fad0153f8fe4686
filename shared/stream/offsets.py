"""Where a consumer continues in Kafka: kept in our own database, with the id of the topic that the offsets belong to."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from psycopg import AsyncConnection

_KEEP = """
insert into view.kafka_offset (consumer_group, topic, topic_id, partition, next_offset)
select %s, t.* from unnest(%s::text[], %s::text[], %s::int[], %s::bigint[]) t
on conflict (consumer_group, topic, partition) do update set topic_id = excluded.topic_id,
  next_offset = case when kafka_offset.topic_id = excluded.topic_id
    then greatest(kafka_offset.next_offset, excluded.next_offset) else excluded.next_offset end
"""
_FIND = "select topic, partition, next_offset from view.kafka_offset where consumer_group = %s and topic_id = any (%s)"


async def keep(connection: AsyncConnection[Any], group: str, ids: Mapping[str, str], offsets: Mapping[TopicPartition, int]) -> None:
    """Stores the next offsets in the caller's transaction; `ids` are the topics' ids by name."""
    places = sorted(offsets)
    topics = [place.topic for place in places]
    columns = (topics, [ids[topic] for topic in topics], [place.partition for place in places], [offsets[place] for place in places])
    await connection.execute(_KEEP, (group, *columns), prepare=True)


async def find(
    connection: AsyncConnection[Any], group: str, ids: Mapping[str, str], places: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """Where to continue in each of `places`; 0 where nothing is known of this topic."""
    rows = await (await connection.execute(_FIND, (group, list(ids.values())))).fetchall()
    known = {TopicPartition(topic, partition): offset for topic, partition, offset in rows}
    return {place: known.get(place, 0) for place in places}
