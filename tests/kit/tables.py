"""The tables as tests create them. tests/infra holds them against the synthesised template."""

from typing import Any

MAIN_TABLE: dict[str, Any] = {
    "TableName": "earshot-test",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"}
        for name in ("pk", "sk", "team_shard", "changed_at", "due_shard", "due_at", "inbox", "inbox_at")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": index,
            "KeySchema": [
                {"AttributeName": partition, "KeyType": "HASH"},
                {"AttributeName": sort, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
        for index, partition, sort in (
            ("by_team", "team_shard", "changed_at"),
            ("by_due", "due_shard", "due_at"),
            ("by_inbox", "inbox", "inbox_at"),
        )
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}

KEYS_TABLE: dict[str, Any] = {
    "TableName": "earshot-test-keys",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
}
