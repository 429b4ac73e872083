"""What an AWS target needs so that a route's rule may reach it, ready to paste, and whether its policy says so."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.addresses.targets import Target, TargetKind

_SERVICE = "events.amazonaws.com"
_ACTIONS = {
    TargetKind.SQS: "sqs:SendMessage",
    TargetKind.SNS: "sns:Publish",
    TargetKind.LAMBDA: "lambda:InvokeFunction",
    TargetKind.BUS: "events:PutEvents",
}

Document = dict[str, Any]


def policies_to_paste(targets: Iterable[Target], rule_arn: str, role: str | None) -> dict[str, Document]:
    """Per AWS target, the policy that it needs itself. A bus of the same account needs none beside its role's."""
    return {
        str(target): policy_to_paste(target, rule_arn, role)
        for target in targets
        if target.kind.is_aws and not (target.kind is TargetKind.BUS and _account(target.address) == _account(rule_arn))
    }


def policy_to_paste(target: Target, rule_arn: str, role: str | None = None) -> Document:
    """The policy by which an AWS target lets the route in; another account's bus lets in the role."""
    statement = {"Effect": "Allow", "Action": _ACTIONS[target.kind], "Resource": target.address}
    if target.kind is TargetKind.BUS:
        return _policy(statement | {"Principal": {"AWS": role or _account(rule_arn)}})
    return _policy(statement | {"Principal": {"Service": _SERVICE}} | _only_for(rule_arn))


def roles_to_make(targets: Iterable[Target], rule_arn: str) -> dict[str, dict[str, Document]]:
    """Per bus, the two policies of the role (`--role`) with which the rule reaches it: who takes it, and for what."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": _SERVICE}}
    return {
        str(target): {
            "trust": _policy(trust | _only_for(rule_arn)),
            "permissions": _policy({"Effect": "Allow", "Action": _ACTIONS[target.kind], "Resource": target.address}),
        }
        for target in targets
        if target.kind is TargetKind.BUS
    }


def roles_as_text(roles: dict[str, dict[str, Document]]) -> str:
    """The same for a reader who makes the role by hand."""
    return "\n\n".join(
        f"The role that reaches {target}: {part} policy\n{json.dumps(policy, indent=2)}"
        for target, role in roles.items()
        for part, policy in role.items()
    )


def _policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _only_for(rule_arn: str) -> dict[str, Any]:
    return {"Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}}}


def _account(arn: str) -> str:
    return arn.split(":")[4]


def lets_in(policy: Mapping[str, Any], target: Target, rule_arn: str) -> bool:
    """Whether a resource's policy, in any form that AWS takes, lets a route's rule reach it.

    Conditions on what is not known here are taken to hold where they allow, and not to where they deny.
    """
    context = {"aws:sourcearn": rule_arn, "aws:sourceaccount": _account(rule_arn)}

    def applies(statement: Mapping[str, Any], unknown: bool) -> bool:
        return (
            _names(statement, "Principal", _SERVICE)
            and _names(statement, "Action", _ACTIONS[target.kind])
            and _names(statement, "Resource", target.address)
            and all(
                _holds(operator, _list(values), context.get(key.lower()), unknown)
                for operator, tests in statement.get("Condition", {}).items()
                for key, values in tests.items()
            )
        )

    statements = _list(policy.get("Statement", []))
    allows = any(each["Effect"] == "Allow" and applies(each, unknown=True) for each in statements)
    return allows and not any(each["Effect"] == "Deny" and applies(each, unknown=False) for each in statements)


def _names(statement: Mapping[str, Any], element: str, name: str) -> bool:
    """Whether `Action`, `Principal` or `Resource`, or its `Not…`, speaks of `name`; what is absent limits nothing."""
    others = statement.get(f"Not{element}")
    said = statement.get(element, "*") if others is None else others
    kinds = said.values() if isinstance(said, dict) else [said]  # {"Service": …, "AWS": …}
    ignore_case = element == "Action"
    named = any(_fits(pattern, name, ignore_case) for kind in kinds for pattern in _list(kind))
    return named if others is None else not named


def _holds(operator: str, values: list[Any], known: str | None, unknown: bool) -> bool:
    """Whether one condition holds for what is `known` of its key, such as `ForAnyValue:StringNotLikeIfExists`."""
    if known is None:
        return unknown
    test = operator.rpartition(":")[2].removesuffix("IfExists")
    if test == "Null":
        return str(values[0]).lower() == "false"
    if test.startswith("String") and "Like" not in test:
        fits = any(
            known.lower() == str(each).lower() if "IgnoreCase" in test else known == str(each) for each in values
        )
    else:
        fits = any(_fits(str(each), known) for each in values)  # an account may stand without quotes
    return fits != ("Not" in test)


def _fits(pattern: str, name: str, ignore_case: bool = False) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, name, re.IGNORECASE if ignore_case else 0) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
