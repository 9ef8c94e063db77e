"""AWS clients for the local stack, and for nothing else."""

import ipaddress
import os
from urllib.parse import urlsplit

import boto3
from botocore.config import Config


class NotLocal(Exception):
    """AWS_ENDPOINT_URL is missing or is not this machine."""


def url():
    """The local stack's URL from AWS_ENDPOINT_URL. Any host but a loopback address is refused."""
    value = os.environ.get("AWS_ENDPOINT_URL", "")
    host = urlsplit(value).hostname
    if not host:
        raise NotLocal("AWS_ENDPOINT_URL is not set; it must be the local stack's URL, such as http://127.0.0.1:4566")
    if host != "localhost":
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise NotLocal(f"AWS_ENDPOINT_URL points to {host}; only a loopback address is allowed, so that no AWS account is touched")
    return value


def port():
    """The port of the local stack."""
    parts = urlsplit(url())
    return parts.port or (443 if parts.scheme == "https" else 80)


def client(service):
    """A boto3 client. The endpoint is given here, not left to the environment, and no profile or proxy is looked at."""
    os.environ.pop("AWS_PROFILE", None)
    return boto3.client(
        service,
        endpoint_url=url(),
        region_name=os.environ.get("AWS_REGION", "us-east-1"),
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        config=Config(proxies={}, retries={"max_attempts": 2}),
    )
