import pytest

from shared.settings import MissingSetting, PublishSettings, Settings, SweepSettings


class Numbered(Settings):
    table: str
    seconds: int


def test_each_field_is_read_from_its_variable_and_is_of_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_TABLE", "7")
    monkeypatch.setenv("EARSHOT_SECONDS", "90")
    assert dict(Numbered.from_environment()) == {"table": "7", "seconds": 90}


def test_all_missing_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_TABLE", "t")
    monkeypatch.delenv("EARSHOT_ASIDE_QUEUE_URL", raising=False)
    monkeypatch.delenv("EARSHOT_DELIVERIES_QUEUE_URL", raising=False)
    with pytest.raises(MissingSetting, match="needs EARSHOT_DELIVERIES_QUEUE_URL, EARSHOT_ASIDE_QUEUE_URL in"):
        SweepSettings.from_environment()


@pytest.mark.parametrize("values", [{}, {"bus": "b", "table": "t"}])
def test_a_function_is_deployed_with_exactly_its_settings(values: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="PublishSettings takes bus"):
        PublishSettings(**values)
