"""Whose access key a test signs with: that of an account of its own; where signatures are verified, the user's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from emulator.testing.server import setting_of_run

SECRET_KEY = "emulator"
_HOW = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or AWS_PROFILE, to a key of the file "
    "that CUSTOM_LABELS_IDENTITIES names"
)


class KeyRefusedError(Exception):
    """There is no access key that the emulator of the run lets in; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key, of a session if there is a token."""

    access_key: str
    secret_key: str = SECRET_KEY
    token: str | None = None

    def for_boto3(self) -> dict[str, str | None]:
        """As parameters of boto3.client."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.token,
        }

    def for_environment(self) -> dict[str, str]:
        """As AWS's variables."""
        variables = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return variables if self.token is None else variables | {"AWS_SESSION_TOKEN": self.token}


def new_account() -> str:
    """Twelve digits at random, for an account that nobody else uses."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


def signatures_are_verified() -> bool:
    """Whether the emulator of the run takes the keys of its file alone (CUSTOM_LABELS_AUTH)."""
    return setting_of_run("AUTH") not in ("", "off")


def own_keys() -> Keys:
    """The keys that the AWS variables or the profile of this process's environment give. Raises KeyRefusedError."""
    import botocore.exceptions
    import botocore.session

    try:
        found = botocore.session.Session().get_credentials()
        if found is None:
            raise KeyRefusedError(f"CUSTOM_LABELS_AUTH={setting_of_run('AUTH')} needs a key: {_HOW}")
        frozen = found.get_frozen_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise KeyRefusedError(f"{error}; {_HOW}") from None
    return Keys(frozen.access_key, frozen.secret_key, frozen.token)


def account_of(keys: Keys, endpoint_url: str, region: str) -> str:
    """The account that the emulator knows an access key as one of. Raises KeyRefusedError."""
    import boto3
    import botocore.exceptions

    client = boto3.client("sts", endpoint_url=endpoint_url, region_name=region, **keys.for_boto3())
    try:
        account: str = client.get_caller_identity()["Account"]
    except botocore.exceptions.ClientError as error:
        told = error.response["Error"]
        raise KeyRefusedError(
            f"the emulator does not let the access key {keys.access_key} in ({told['Code']}): {_HOW}"
        ) from None
    finally:
        client.close()
    return account
