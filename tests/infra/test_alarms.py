import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match

from infra import app as infra_app
from shared.config import load as config_file
from shared.config.model import Config
from tests.infra.conftest import Resources


def test_those_whom_the_file_names_are_told_of_every_alarm(resources: Resources) -> None:
    [subscription] = [each for each in resources("AWS::SNS::Subscription").values() if each["Protocol"] == "email"]
    assert subscription["Endpoint"] == "it@fernleaf.zz"
    alarms = resources("AWS::CloudWatch::Alarm").values()
    assert alarms
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [subscription["TopicArn"]]


@pytest.mark.parametrize("alarms", [(), ("email:it@fernleaf.zz",)])
def test_a_deploy_says_when_nobody_hears_of_alarms(
    config: Config, alarms: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = config.model_copy(update={"alarms": alarms})
    monkeypatch.setattr(config_file, "load", lambda: changed)
    warnings = Annotations.from_stack(infra_app.build(App())).find_warning("*", Match.string_like_regexp("alarms = "))
    assert bool(warnings) is not bool(alarms)
