"""What each function's role may do with DynamoDB: exactly this. Emulators do not look at `dynamodb:LeadingKeys`.

Each line is an action and the partition keys that it may name, `*` being any.
"""

import json
from typing import Any

from tests.infra.conftest import Parsed, Resources
from tests.infra.test_stack import as_list, statements

Granted = dict[str, set[str]]
"""By table, index or stream."""

ANY = "*"
LEADING_KEYS = "dynamodb:LeadingKeys"
SIGNS = {"GetItem signing", "PutItem signing"}  # the keys of links, the first of which is made by whoever comes first
SIGNS_IN = {"GetItem sessions", "PutItem sessions"}  # those of sessions: who signs links cannot sign in
READS_STREAM = {"DescribeStream *", "GetRecords *", "GetShardIterator *", "ListStreams *"}

MOVES_CASES = {"Query F#*", "PutItem F#*", "UpdateItem F#*"}
TELLS = {"GetItem P#*", "GetItem M#*", "PutItem P#*", "PutItem M#*", "UpdateItem B#*"}  # customers, bounded
TAKES_MAIL = {"GetItem *", "PutItem *", "UpdateItem *", "Query F#*"}  # of everybody: feedback, people, conversations

GRANTED: dict[str, Granted] = {
    "CaptureWeb": {"table": {"GetItem L#*", *MOVES_CASES}, "keys": SIGNS},
    "CaptureSms": {
        "table": {
            *("GetItem F#*", "GetItem P#*", "GetItem N#*"),
            *("PutItem P#*", "PutItem N#*", "PutItem M#*", "UpdateItem B#*"),
            *MOVES_CASES,
        },
        "keys": {"GetItem twilio#*"},
    },
    "CaptureEmail": {"table": TAKES_MAIL, "keys": SIGNS},
    "CaptureEmailSweep": {"table": {*TAKES_MAIL, "BatchGetItem E#*"}, "keys": SIGNS},
    "CaptureEmailSetup": {},
    "Publish": {"stream": READS_STREAM},
    "Notify": {
        "table": {"GetItem *", "Query F#*", "PutItem D#*", "PutItem T#*", "PutItem W#*"},
        "by_team": {"Query *"},  # how many say the same
        "keys": {*SIGNS, "GetItem webhook#*", "PutItem webhook#*"},
    },
    "Sweep": {"table": {"PutItem D#*", "UpdateItem M#*"}, "by_due": {"Query *"}},
    "Escalate": {
        "table": {*MOVES_CASES, "GetItem Q#*", "PutItem Q#*"},
        "by_due": {"Query *"},
        "by_inbox": {"Query *"},
    },
    "Close": {"table": {*TELLS, *MOVES_CASES, "GetItem E#*"}, "keys": SIGNS},
    "CloseReceived": {"table": TELLS, "keys": SIGNS},
    "RoutesClearRules": {},
    "Invite": {
        "table": {
            *("GetItem P#*", "GetItem I#*"),
            *("PutItem P#*", "PutItem I#*", "PutItem L#*", "PutItem O#*", "PutItem M#*", "UpdateItem B#*"),
        },
        "keys": SIGNS,
    },
    "Send": {
        "table": {
            *("GetItem P#*", "GetItem I#*", "GetItem M#*"),
            *("PutItem P#*", "PutItem S#*", "PutItem V#*", "UpdateItem I#*", "UpdateItem M#*"),
            *MOVES_CASES,  # an answer that never leaves
        },
        "stream": READS_STREAM,
    },
    "Receipts": {
        "table": {
            *("GetItem P#*", "GetItem M#*", "GetItem V#*"),
            *("PutItem P#*", "UpdateItem I#*", "UpdateItem M#*"),
            *MOVES_CASES,  # an answer that did not arrive
        },
    },
    "Team": {
        "table": {
            *("GetItem ROUTES", "PutItem ROUTES", "DeleteItem ROUTES", "Query ROUTES"),
            *("GetItem U#*", "PutItem U#*", "UpdateItem U#*", "Query U#*"),
            *("GetItem F#*", "Query D#*"),
            *("Query F#*", "GetItem E#*"),  # the mails that a feedback is made of
            *("GetItem T#*", "PutItem T#*", "DeleteItem T#*"),
            *MOVES_CASES,
            *("GetItem M#*", "PutItem M#*", "GetItem P#*", "PutItem P#*"),  # what customers are told, and may be
            *("UpdateItem B#*", "GetItem G#*", "UpdateItem G#*"),  # how many texts, and how much of a remedy, in a day
            "GetItem I#*",  # the invitation that a feedback came by
        },
        "by_team": {"Query *"},
        "by_inbox": {"Query *"},
        "keys": {
            *SIGNS,
            *SIGNS_IN,
            *(f"{action} webhook#*" for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")),
        },
    },
    "TeamSignIn": {"table": {"PutItem U#*", "UpdateItem U#*"}, "keys": SIGNS_IN},
    "Unsubscribe": {"table": {"GetItem O#*", "GetItem P#*", "PutItem P#*"}},
}


def test_each_function_may_do_exactly_this_with_exactly_these_items(resources: Resources) -> None:
    names = {
        each["Role"]["Fn::GetAtt"][0]: id[:-8].removesuffix("Function")
        for id, each in resources("AWS::Lambda::Function").items()
    }
    found: dict[str, Granted] = {name: {} for name in names.values()}
    for policy in resources("AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            for statement in statements(policy):
                for where, what in granted_by(statement, resources):
                    found.setdefault(names.get(role["Ref"], role["Ref"]), {}).setdefault(where, set()).add(what)
    assert found == GRANTED


def test_nobody_may_touch_a_key_or_secret_that_is_not_theirs(resources: Resources) -> None:
    [keys] = [id for id, each in resources("AWS::DynamoDB::GlobalTable").items() if "StreamSpecification" not in each]
    found = [
        statement["Condition"]["ForAllValues:StringLike"][LEADING_KEYS]
        for policy in resources("AWS::IAM::Policy").values()
        for statement in statements(policy)
        if keys in json.dumps(statement["Resource"])
    ]
    assert found
    assert all(key != ANY for named in found for key in as_list(named))


def test_what_is_sealed_is_opened_by_those_alone_whose_kind_of_secret_it_is(full_template: Parsed) -> None:
    resources = full_template["Resources"]
    opens = {
        policy["Properties"]["Roles"][0]["Ref"]: statement["Condition"]["ForAllValues:StringEquals"]
        for policy in resources.values()
        if policy["Type"] == "AWS::IAM::Policy"
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "kms:Decrypt" in statement["Action"]
    }
    named = {role.partition("FunctionRole")[0]: condition for role, condition in opens.items()}
    of_webhooks = {"kms:EncryptionContextKeys": ["route", "target"]}
    assert named == {
        "CaptureSms": {"kms:EncryptionContextKeys": ["twilio"]},
        **{"Notify": of_webhooks, "Team": of_webhooks},
    }


def test_permissions_stand_in_policies_of_roles_only(resources: Resources) -> None:
    """The test above looks nowhere else."""
    for role in resources("AWS::IAM::Role").values():
        assert not role.keys() & {"ManagedPolicyArns", "Policies"}
    assert resources("AWS::IAM::ManagedPolicy") == {}
    for table in resources("AWS::DynamoDB::GlobalTable").values():
        assert not [replica for replica in table["Replicas"] if "ResourcePolicy" in replica]


def granted_by(statement: dict[str, Any], resources: Resources) -> list[tuple[str, str]]:
    """Of a statement about DynamoDB, where it grants which action on which keys."""
    actions = [action.removeprefix("dynamodb:") for action in as_list(statement["Action"]) if "dynamodb:" in action]
    if not actions:
        return []
    assert statement["Effect"] == "Allow"
    conditions = statement.get("Condition")
    keys = as_list(conditions["ForAllValues:StringLike"][LEADING_KEYS]) if conditions else [ANY]
    assert conditions in (None, {"ForAllValues:StringLike": {LEADING_KEYS: conditions and keys}})
    places = [place(resource, resources) for resource in as_list(statement["Resource"])]
    return [(where, f"{action} {key}") for where in places for action in actions for key in keys]


def place(resource: Any, resources: Resources) -> str:
    """The name of a table, an index or the stream; what is none of them, as it stands."""
    main = next(id for id, each in resources("AWS::DynamoDB::GlobalTable").items() if "StreamSpecification" in each)
    for table in resources("AWS::DynamoDB::GlobalTable"):
        arn = {"Fn::GetAtt": [table, "Arn"]}
        if resource == arn:
            return "table" if table == main else "keys"
        if table == main and resource == {"Fn::GetAtt": [main, "StreamArn"]}:
            return "stream"
        for index in ("by_team", "by_due", "by_inbox"):
            if resource == {"Fn::Join": ["", [arn, f"/index/{index}"]]}:
                return index
    return json.dumps(resource)
