"""minutebook token: a short-lived token for calls to the running instance from this machine."""

from cli._client import DATA, PERSON, DataOption, PersonOption
from deploy.problems import CannotStart
from shared.identity.issuer import UnknownPerson, cli_token


def command(data: DataOption = DATA, person: PersonOption = PERSON) -> None:
    """Print a token that holds for five minutes, for use with curl: -H "Authorization: Bearer $(./minutebook token)"."""
    try:
        print(cli_token(data, person))
    except UnknownPerson as unknown:
        raise CannotStart(f"No token: {unknown}.") from unknown
