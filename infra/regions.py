"""What AWS does not have in every region, so that a deploy there is refused before it begins, and says why.

The lists are CloudFormation's own: tests/infra/test_regions.py compares them with its schemas.
"""

from typing import NamedTuple

from aws_cdk import CfnResource, Stack


class RegionLacks(Exception):
    """The stack cannot stand in a region. `str()` is one line per thing that the region lacks."""


class Gap(NamedTuple):
    """Something that some regions lack."""

    what: str
    regions: frozenset[str]
    otherwise: str = ""
    """What else can be done than to choose another region."""


_SCHEMAS = Gap(
    "registry of schemas",
    frozenset(
        {
            *("ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
            *("ca-west-1", "il-central-1", "mx-central-1"),
        }
    ),
)
_SENDING = Gap(
    "sending of mail by SES",
    frozenset(
        {
            *("ap-east-1", "ap-east-2", "ap-southeast-4", "ap-southeast-6", "ap-southeast-7", "cn-north-1"),
            *("cn-northwest-1", "eu-south-2", "mx-central-1"),
        }
    ),
)
_RECEIVING = Gap(
    "receiving of mail by SES",
    _SENDING.regions
    | {"ap-south-2", "ap-southeast-5", "ca-west-1", "eu-central-2", "me-central-1", "us-gov-east-1", "us-gov-west-1"},
)
_TEXTS = Gap(
    "number for texts",
    frozenset({"ap-east-1", "ap-southeast-5", "ap-southeast-7", "cn-north-1", "cn-northwest-1"}),
    "remove sms.request from earshot.toml, or ",
)
GAPS = {
    "AWS::EventSchemas::Registry": _SCHEMAS,
    "AWS::EventSchemas::Schema": _SCHEMAS,
    "AWS::SES::ConfigurationSet": _SENDING,
    "AWS::SES::ConfigurationSetEventDestination": _SENDING,
    "AWS::SES::ReceiptRule": _RECEIVING,
    "AWS::SMSVOICE::PhoneNumber": _TEXTS,
}
"""By type of resource."""
MADE_BY_OURS = {"Custom::AccountMail": "AWS::SES::ReceiptRule"}
"""What our custom resources make."""


def has(region: str | None, type: str) -> bool:
    """Whether a region has a type of resource; of one that is not known yet, that is taken for granted."""
    gap = GAPS.get(MADE_BY_OURS.get(type, type))
    return gap is None or region not in gap.regions


def check(stack: Stack, region: str | None) -> None:
    """Raises `RegionLacks` where `stack` has resources that the region does not."""
    types = {each.cfn_resource_type for each in stack.node.find_all() if isinstance(each, CfnResource)}
    gaps = dict.fromkeys(GAPS[MADE_BY_OURS.get(type, type)] for type in sorted(types) if not has(region, type))
    if gaps:
        raise RegionLacks(
            "\n".join(
                f"AWS has no {gap.what} in {region}: {gap.otherwise}deploy to a region that has it, as by "
                "AWS_REGION=eu-west-1"
                for gap in gaps
            )
        )
