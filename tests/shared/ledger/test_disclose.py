"""Personal data and texts: stored with the record, sealed, and erased without touching it."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from shared.ledger.disclose import KeyDestroyed, KeyStore
from shared.ledger.log import Log
from shared.ledger.record import Appended, Conflict, Disclosure, person_key
from tests.shared.ledger.office import Office, appended, command

NAME = Disclosure("digest-of-name", person_key("p-1"), b"Ada Lovelace")
REASON = Disclosure("digest-of-reason", None, b"too late, too dear")


@pytest.fixture
async def keystore(office: Office) -> AsyncIterator[KeyStore]:
    opened = await KeyStore.open(office.keys_dsn)
    yield opened
    await opened.close()


async def test_a_disclosure_is_found_by_its_digest_and_stored_sealed(office: Office, log: Log) -> None:
    await appended(log, command("gate/1", disclosures=(NAME, REASON)))
    assert await log.disclose([NAME.digest, REASON.digest, "unknown"]) == {
        NAME.digest: NAME.disclosure,
        REASON.digest: REASON.disclosure,
    }
    with psycopg.connect(office.dsn) as app:
        stored = b"".join(row[0] for row in app.execute("select sealed from log.disclosure"))
    assert NAME.disclosure not in stored
    assert REASON.disclosure not in stored


async def test_a_refused_command_discloses_nothing(log: Log) -> None:
    await appended(log, command("gate/1"))
    refused, accepted = await asyncio.gather(
        log.append(command("gate/1", disclosures=(NAME,))), log.append(command("gate/2", disclosures=(REASON,)))
    )
    assert (refused, type(accepted)) == (Conflict(1), Appended)
    assert await log.disclose([NAME.digest, REASON.digest]) == {REASON.digest: REASON.disclosure}


async def test_an_erased_person_is_gone_and_the_record_stays(office: Office, log: Log) -> None:
    other = Disclosure("digest-of-other", person_key("p-2"), b"Charles Babbage")
    await appended(log, command("gate/1", disclosures=(NAME, REASON, other)))
    before = await log.page(0)
    assert await log.erase_person("p-1") == 1
    assert await log.page(0) == before
    assert set(await log.disclose([NAME.digest, REASON.digest, other.digest])) == {REASON.digest, other.digest}
    with pytest.raises(KeyDestroyed, match="p-1"):
        await log.append(command("gate/2", disclosures=(NAME,)))


async def test_an_erased_text_is_gone(office: Office, log: Log) -> None:
    await appended(log, command("gate/1", disclosures=(NAME, REASON)))
    assert await log.erase_texts([REASON.digest]) == 1
    assert set(await log.disclose([NAME.digest, REASON.digest])) == {NAME.digest}
    assert await log.erase_texts([NAME.digest]) == 0, "a person's data is not a text"
    assert set(await log.disclose([NAME.digest])) == {NAME.digest}


async def test_a_copy_kept_from_before_an_erasure_cannot_be_opened(keystore: KeyStore) -> None:
    (sealed,) = await keystore.seal([NAME])
    assert await keystore.unseal([sealed]) == {NAME.digest: NAME.disclosure}
    await keystore.destroy([sealed.key_id])
    assert await keystore.unseal([sealed]) == {}
    with pytest.raises(KeyDestroyed):
        await keystore.seal([NAME])


async def test_two_processes_share_a_persons_key_and_never_a_texts(office: Office, keystore: KeyStore) -> None:
    other = await KeyStore.open(office.keys_dsn)
    both = await asyncio.gather(keystore.seal([NAME, REASON]), other.seal([NAME, REASON]))
    for (name, reason), store in zip(both, (other, keystore), strict=True):
        assert await store.unseal([name]) == {NAME.digest: NAME.disclosure}
        assert await store.unseal([reason]) == {REASON.digest: REASON.disclosure}
    assert both[0][0].key_id == both[1][0].key_id
    assert both[0][1].key_id != both[1][1].key_id
    await other.close()
