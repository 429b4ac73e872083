"""What emulators do not show is asserted on the template: retries, dead letters, permissions, retention."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from infra import app as infra_app
from infra import asset
from shared.conditions.pattern import rule_pattern
from shared.conditions.reader import parse
from shared.config import load as config_file
from shared.config.model import Config, NumberType
from shared.config.problems import ConfigError
from shared.keys.sessions import LINK_WORKS_FOR
from shared.table.items import FEEDBACK
from tests.infra.conftest import Resources, template_of
from tests.kit.samples import EVENTS
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("table", [MAIN_TABLE, KEYS_TABLE], ids=lambda table: str(table["TableName"]))
def test_the_tables_are_those_that_tests_create(template: Template, table: dict[str, Any]) -> None:
    expected = {key: table[key] for key in ("KeySchema", "BillingMode", "GlobalSecondaryIndexes") if key in table}
    template.has_resource_properties("AWS::DynamoDB::GlobalTable", expected)


def test_only_the_main_table_has_a_stream_and_both_can_be_restored(resources: Resources) -> None:
    tables = resources("AWS::DynamoDB::GlobalTable")
    streams = [table.get("StreamSpecification") for table in tables.values()]
    assert sorted(streams, key=bool) == [None, {"StreamViewType": "NEW_AND_OLD_IMAGES"}]
    for table in tables.values():
        for replica in table["Replicas"]:
            assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
            assert replica["DeletionProtectionEnabled"] is True


def test_customers_words_outlive_the_stack(template: Template) -> None:
    for table in template.find_resources("AWS::DynamoDB::GlobalTable").values():
        assert table["DeletionPolicy"] == "Retain"


def test_the_stream_is_bounded_bisected_and_what_fails_is_kept_whole_in_s3(
    template: Template, resources: Resources
) -> None:
    mappings = [each for each in resources("AWS::Lambda::EventSourceMapping").values() if "StartingPosition" in each]
    assert len(mappings) == 2  # publish and send: a stream serves two readers a second, and no third
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["BisectBatchOnFunctionError"] is True
        assert 0 < mapping["MaximumRetryAttempts"] <= 100
        assert 0 < mapping["MaximumRecordAgeInSeconds"] <= 86_400
        bucket = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
        assert bucket in resources("AWS::S3::Bucket")


def test_what_could_not_be_published_is_kept_as_long_as_the_answers_themselves(template: Template) -> None:
    outputs, buckets = template.to_json()["Outputs"], template.find_resources("AWS::S3::Bucket")
    kept = {
        name: rule["ExpirationInDays"]
        for name in ("UnpublishedBucket", "UnsentBucket")
        for rule in buckets[outputs[name]["Value"]["Ref"]]["Properties"]["LifecycleConfiguration"]["Rules"]
    }
    assert kept == {"UnpublishedBucket": FEEDBACK.days, "UnsentBucket": 14}


def test_each_reader_of_the_stream_sees_only_what_is_for_it(resources: Resources) -> None:
    mappings = [each for each in resources("AWS::Lambda::EventSourceMapping").values() if "StartingPosition" in each]
    patterns = [json.loads(each["Pattern"]) for mapping in mappings for each in mapping["FilterCriteria"]["Filters"]]
    kinds = [pattern["dynamodb"]["NewImage"]["kind"]["S"] for pattern in patterns]
    assert sorted(kinds) == [["feedback", "invitation"], ["message"], ["message"]]
    of_messages = [(each.get("eventName"), "woken" in each["dynamodb"]["NewImage"]) for each in patterns]
    assert sorted(each for each in of_messages if each[0]) == [(["INSERT"], False), (["MODIFY"], True)]


def test_every_route_is_a_rule_with_its_own_pattern(config: Config, resources: Resources) -> None:
    rules = {rule["Name"]: rule for rule in resources("AWS::Events::Rule").values() if "Name" in rule}
    for id, route in config.declared_routes().items():
        rule = rules[f"earshot-route-{id}"]
        assert rule["EventPattern"] == rule_pattern(id, parse(route.when))
        assert len(rule["Targets"]) == len(route.targets)


def test_routes_to_the_same_bus_share_the_role_that_reaches_it(config: Config) -> None:
    buses = [f"arn:aws:events:eu-west-1:111122223333:event-bus/{name}" for name in ("finance", "fleet")]
    route = config.routes["order-system"]
    routes = {
        "one": route.model_copy(update={"to": (f"bus:{buses[0]}",)}),
        "both": route.model_copy(update={"to": tuple(f"bus:{bus}" for bus in buses)}),
    }
    template = template_of(config.model_copy(update={"routes": routes}))
    roles = {
        each["Properties"]["Roles"][0]["Ref"]: statement["Resource"]
        for each in template.find_resources("AWS::IAM::Policy").values()
        for statement in statements(each["Properties"])
        if statement["Action"] == "events:PutEvents" and statement["Resource"] in buses
    }
    assert sorted(roles.values()) == buses
    reached = [
        (target["Arn"], roles[target["RoleArn"]["Fn::GetAtt"][0]])
        for rule in template.find_resources("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
        if "RoleArn" in target
    ]
    assert sorted(reached) == [(buses[0], buses[0]), (buses[0], buses[0]), (buses[1], buses[1])]


def test_every_target_of_a_rule_retries_for_a_bounded_time_and_then_keeps_the_event(resources: Resources) -> None:
    queues = resources("AWS::SQS::Queue")
    targets = [
        target
        for rule in resources("AWS::Events::Rule").values()
        if "EventPattern" in rule
        for target in rule["Targets"]
    ]
    assert targets
    for target in targets:
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 86_400
        assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in queues


def test_a_delivery_names_its_route_and_target(config: Config, resources: Resources) -> None:
    route = config.routes["order-system"]
    [rule] = [r for r in resources("AWS::Events::Rule").values() if r.get("Name") == "earshot-route-order-system"]
    template = rule["Targets"][0]["InputTransformer"]["InputTemplate"]
    assert json.loads(template.replace("<aws.events.event.json>", "{}")) == {
        "route": "order-system",
        "target": route.targets[0].id,
        "event": {},
    }


def test_every_queue_either_has_a_dead_letter_queue_or_is_one_and_has_an_alarm(resources: Resources) -> None:
    queues = resources("AWS::SQS::Queue")
    alarmed = json.dumps(resources("AWS::CloudWatch::Alarm"))
    sources = ("AWS::Events::Rule", "AWS::SNS::Subscription", "AWS::Lambda::EventInvokeConfig")
    senders = json.dumps([resources(kind) for kind in sources])
    for id, queue in queues.items():
        dead = queue.get("RedrivePolicy", {}).get("deadLetterTargetArn", {}).get("Fn::GetAtt", [None])[0]
        if id.startswith("TeamSignIns"):
            # Its alarm says that links wait; whoever wants one asks again, and strangers' addresses are not kept.
            assert queue["MessageRetentionPeriod"] <= 900
            assert id in alarmed
        elif id.startswith("TeamUnlisted"):
            # Requests that come to nothing expire there: whoever asks sees the same call for every address.
            assert queue["MessageRetentionPeriod"] == 60
            assert id not in json.dumps(resources("AWS::Lambda::EventSourceMapping"))
        elif dead is None:
            used_by = [other for other in queues.values() if id in json.dumps(other.get("RedrivePolicy", {}))]
            assert used_by or id in senders
            assert id in alarmed
        else:
            assert dead in queues


def test_every_alarm_says_what_it_means_and_tells_someone(resources: Resources) -> None:
    alarms = resources("AWS::CloudWatch::Alarm")
    assert alarms
    for alarm in alarms.values():
        assert alarm["AlarmDescription"].endswith(".")
        assert alarm["AlarmActions"]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_the_archive_is_bounded_so_that_erasure_ends(resources: Resources) -> None:
    [archive] = resources("AWS::Events::Archive").values()
    assert 0 < archive["RetentionDays"] <= 30


def test_access_logs_carry_the_route_and_never_the_path(resources: Resources) -> None:
    [stage] = resources("AWS::ApiGatewayV2::Stage").values()
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["route"] == "$context.routeKey"
    assert not [value for value in logged.values() if "path" in value.lower() or "identity" in value.lower()]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0


def test_every_function_has_a_role_of_its_own_and_logs_that_end(resources: Resources) -> None:
    functions = resources("AWS::Lambda::Function")
    ours = {id: each for id, each in functions.items() if str(each.get("Handler", "")).startswith("functions.")}
    roles = [each["Role"]["Fn::GetAtt"][0] for each in ours.values()]
    assert len(set(roles)) == len(ours)
    for each in ours.values():
        assert (each["Runtime"], each["Architectures"]) == (f"python{asset.VERSION}", ["arm64"])
        assert each["LoggingConfig"]["LogGroup"]["Ref"] in resources("AWS::Logs::LogGroup")
    for group in resources("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] <= 90


def test_no_function_reserves_concurrency_which_new_accounts_do_not_have(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in function


def test_no_role_of_a_function_may_do_everything_anywhere(resources: Resources) -> None:
    for policy in resources("AWS::IAM::Policy").values():
        for statement in statements(policy):
            actions = as_list(statement["Action"])
            assert not [action for action in actions if action == "*" or action.endswith(":*")]
            if "*" in as_list(statement["Resource"]):
                assert {action.split(":")[0] for action in actions} <= {"xray", "ses", "events", "sms-voice"}, actions


def test_capture_reads_feedback_by_its_id_alone(resources: Resources) -> None:
    [policy] = [each for each in resources("AWS::IAM::Policy").values() if "CaptureWeb" in each["PolicyName"]]
    table = next(id for id, each in resources("AWS::DynamoDB::GlobalTable").items() if "StreamSpecification" in each)
    on_table = [each for each in statements(policy) if table in json.dumps(each["Resource"])]
    assert "index/" not in json.dumps([statement["Resource"] for statement in on_table])
    for statement in on_table:
        actions = set(as_list(statement["Action"]))
        assert actions.isdisjoint({"dynamodb:Scan", "dynamodb:BatchGetItem"})
        if "dynamodb:Query" in actions:  # of one partition, which is one feedback's
            assert statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] == ["F#*"]


def test_signing_keys_are_in_no_environment(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        for name in function.get("Environment", {}).get("Variables", {}):
            assert not {"SECRET", "TOKEN", "PASSWORD"} & set(name.split("_"))


def test_what_the_command_line_reads_is_an_output(template: Template) -> None:
    for name in (
        *("Table", "KeysTable", "Bus", "PublicUrl", "ApiUrl", "RuleArnPrefix", "UnpublishedBucket", "PublishFunction"),
        *("DeliveriesQueueUrl", "DeliveriesDeadLetterQueueUrl", "RulesDeadLetterQueueUrl"),
    ):
        template.has_output(name, Match.any_value())


def test_synthesis_leaves_no_finding_open(cloud_assembly: tuple[Path, Template]) -> None:
    report = json.loads((cloud_assembly[0] / "validation-report.json").read_text())
    assert report["pluginReports"] == []


def test_a_careless_bucket_in_the_same_app_would_be_a_finding(tmp_path: Path) -> None:
    """The check above can fail: synthesis stops at a bucket that nobody thought about."""
    app = App(outdir=str(tmp_path))
    infra_app.build(app)
    s3.Bucket(Stack(app, "Careless"), "Bucket")
    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        app.synth()


def test_what_invokes_a_function_without_waiting_keeps_what_failed(resources: Resources) -> None:
    for config in resources("AWS::Lambda::EventInvokeConfig").values():
        if config["MaximumRetryAttempts"] == 0:  # a sweep, whose next run does the work of one that failed
            continue
        assert config["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0] in resources("AWS::SQS::Queue")


def test_anyone_but_us_may_ask_for_an_invitation(resources: Resources) -> None:
    [rule] = [
        rule
        for rule in resources("AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("detail-type") == ["InvitationRequested"]
    ]
    assert rule["EventPattern"]["source"] == [{"anything-but": ["earshot"]}]


def test_only_systems_that_the_file_lists_report_remedies(resources: Resources) -> None:
    [rule] = [
        rule
        for rule in resources("AWS::Events::Rule").values()
        if "RemedyCarriedOut" in rule.get("EventPattern", {}).get("detail-type", ())
    ]
    assert rule["EventPattern"] == {"source": ["shop.payments"], "detail-type": ["RemedyCarriedOut", "RemedyFailed"]}


def test_texts_are_published_by_our_own_account_only(resources: Resources) -> None:
    [statement] = [
        statement
        for policy in resources("AWS::SNS::TopicPolicy").values()
        for statement in statements(policy)
        if statement["Principal"] == {"Service": "sms-voice.amazonaws.com"}
    ]
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"]


def test_a_number_is_requested_only_where_the_file_says_so_and_brings_texts_to_us(
    config: Config, template: Template
) -> None:
    template.resource_count_is("AWS::SMSVOICE::PhoneNumber", 0)
    assert config.sms is not None
    request = {"request": NumberType.LONG_CODE, "request_country": "IE"}
    wanted = config.model_copy(update={"sms": config.sms.model_copy(update=request)})
    [number] = template_of(wanted).find_resources("AWS::SMSVOICE::PhoneNumber").values()
    properties = number["Properties"]
    assert (properties["IsoCountryCode"], properties["NumberType"]) == ("IE", "LONG_CODE")
    assert properties["TwoWay"]["Enabled"] is True
    assert properties["SelfManagedOptOutsEnabled"] is True


def test_cloudwatch_may_tell_the_topic_of_alarms(resources: Resources) -> None:
    """A topic policy of ours replaces the default one, which lets it."""
    [topic] = [id for id in resources("AWS::SNS::Topic") if id.startswith("Alarms")]
    statements = [
        statement
        for policy in resources("AWS::SNS::TopicPolicy").values()
        if policy["Topics"] == [{"Ref": topic}]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    [allowed] = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert (allowed["Action"], allowed["Principal"]) == ("sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_a_sweep_that_failed_is_repeated_by_nobody(template: Template, resources: Resources) -> None:
    once = [
        each["FunctionName"]["Ref"]
        for each in resources("AWS::Lambda::EventInvokeConfig").values()
        if each["MaximumRetryAttempts"] == 0
    ]
    assert sorted(name.partition("Function")[0].partition("Sweep")[0] for name in once) == [
        "",
        "CaptureEmail",
        "Escalate",
    ]


def test_stages_beside_each_other_share_no_name(config: Config, resources: Resources) -> None:
    beside = template_of(config, stage="dev").to_json()["Resources"].values()
    for kind, name in (("AWS::Events::EventBusPolicy", "StatementId"), ("AWS::Events::EventBus", "Name")):
        ours = {each[name] for each in resources(kind).values()}
        theirs = {each["Properties"][name] for each in beside if each["Type"] == kind}
        assert ours
        assert theirs
        assert not ours & theirs


def test_of_what_aws_tells_of_mails_and_texts_only_receipts_come(resources: Resources) -> None:
    [rule] = [
        rule
        for rule in resources("AWS::Events::Rule").values()
        if "aws.ses" in rule.get("EventPattern", {}).get("source", [])
    ]
    recorded = {json.loads(path.read_text())["detail-type"] for path in (EVENTS / "samples/receipts").iterdir()}
    assert set(rule["EventPattern"]["detail-type"]) == recorded


def test_a_sign_in_link_that_could_not_be_mailed_is_told_to_whoever_is_on_call(resources: Resources) -> None:
    [alarm] = [
        alarm for alarm in resources("AWS::CloudWatch::Alarm").values() if alarm.get("MetricName") == "SignInLinkFailed"
    ]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "team"}]


def test_asking_for_sign_in_links_waits_in_a_queue_and_takes_little_of_what_captures_need(resources: Resources) -> None:
    functions = resources("AWS::Lambda::Function")
    [id] = [id for id, each in functions.items() if each.get("Handler") == "functions.team.sign_in.handler"]
    [mapping] = [
        each for each in resources("AWS::Lambda::EventSourceMapping").values() if each["FunctionName"] == {"Ref": id}
    ]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = resources("AWS::SQS::Queue")[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
    assert queue["MessageRetentionPeriod"] == LINK_WORKS_FOR.total_seconds()
    [page] = [each for each in resources("AWS::IAM::Policy").values() if each["PolicyName"].startswith("TeamFunction")]
    allowed = {action for statement in statements(page) for action in as_list(statement["Action"])}
    assert "sqs:SendMessage" in allowed
    assert "ses:SendEmail" not in allowed, "whoever sends mail there takes longer for those who are listed"


def test_a_target_on_this_machine_stops_a_deploy_to_aws(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    route = next(iter(config.routes.values())).model_copy(update={"to": ("webhook:http://127.0.0.1:9000/hook",)})
    changed = config.model_copy(update={"routes": {"hook": route}})
    monkeypatch.setattr(config_file, "load", lambda: changed)
    with pytest.raises(ConfigError, match=r"routes\.hook\.to\.0: .* leads to this machine"):
        infra_app.build(App())


def test_from_a_teams_page_a_rule_leads_nowhere_but_into_the_deliveries_queue(resources: Resources) -> None:
    [statement] = [
        statement
        for policy in resources("AWS::IAM::Policy").values()
        for statement in statements(policy)
        if "events:PutTargets" in as_list(statement["Action"])
    ]
    [queue] = [id for id in resources("AWS::SQS::Queue") if id.startswith("NotifyDeliveries")]
    assert statement["Condition"] == {
        "ForAllValues:ArnEquals": {"events:TargetArn": {"Fn::GetAtt": [queue, "Arn"]}},
        "Null": {"events:TargetArn": "false"},  # all of none is true
    }


def test_no_custom_resource_holds_a_deploy_for_an_hour_nor_cuts_its_function_short(template: Template) -> None:
    everything = template.to_json()["Resources"]
    custom = [each["Properties"] for each in everything.values() if each["Type"].startswith("Custom::")]
    assert len(custom) == 2
    for properties in custom:
        function = everything[properties["ServiceToken"]["Fn::GetAtt"][0]]["Properties"]
        assert function["Timeout"] < int(properties["ServiceTimeout"]) <= 900


def test_every_queue_keeps_what_it_has_for_as_long_as_a_queue_can(resources: Resources) -> None:
    kept = {id: queue.get("MessageRetentionPeriod") for id, queue in resources("AWS::SQS::Queue").items()}
    # But requests for sign-in links: one that comes late is worth nothing, and strangers' addresses are not kept.
    assert {period for id, period in kept.items() if not id.startswith(("TeamSignIns", "TeamUnlisted"))} == {
        14 * 86_400
    }


def test_only_notify_may_send_itself_messages_as_often_as_it_bounds_itself(resources: Resources) -> None:
    loops = {
        function["Handler"]: function["RecursiveLoop"]
        for function in resources("AWS::Lambda::Function").values()
        if "RecursiveLoop" in function
    }
    assert loops == {"functions.notify.handler.handler": "Allow"}


def test_somebody_hears_long_before_anything_expires_in_a_queue(resources: Resources) -> None:
    """What expires is no dead letter."""
    alarms = resources("AWS::CloudWatch::Alarm").values()
    ages = {
        dimension["Value"]["Fn::GetAtt"][0]: alarm["Threshold"]
        for alarm in alarms
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
        for dimension in alarm["Dimensions"]
    }
    for id, queue in resources("AWS::SQS::Queue").items():
        if "RedrivePolicy" in queue:  # others raise an alarm with their first message
            assert ages[id] <= queue["MessageRetentionPeriod"] / 10
