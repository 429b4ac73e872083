"""The table of faults knows every error and reason that AWS's own models have."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.model import StructureShape
from botocore.session import get_session

from functions.send.faults import COMMON, FAULTS, THROTTLED, Fault, fault_of, reason_of
from shared.errors import NotConfigured

CALLS = (("sesv2", "SendEmail"), ("pinpoint-sms-voice-v2", "SendTextMessage"))
EVERYWHERE = (  # https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and the older names
    *("AccessDeniedException", "ExpiredTokenException", "IncompleteSignature", "InternalFailure", "OptInRequired"),
    *("InvalidClientTokenId", "MalformedHttpRequestException", "NotAuthorized", "RequestAbortedException"),
    *("RequestEntityTooLargeException", "RequestExpired", "RequestTimeoutException", "ServiceUnavailable"),
    *("ThrottlingException", "UnknownOperationException", "UnrecognizedClientException", "ValidationError"),
)
URL = "https://email.eu-west-1.amazonaws.com"


def error(code: str, status: int = 400, **more: str) -> ClientError:
    meta = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": meta, **more}, "Send")  # type: ignore[typeddict-item]


def modelled() -> Iterator[tuple[str, str]]:
    """Every error of the calls with each of its reasons, as the installed botocore has them."""
    for service, call in CALLS:
        for shape in get_session().get_service_model(service).operation_model(call).error_shapes:
            assert isinstance(shape, StructureShape)
            yield shape.name, ""
            tells = shape.members.get("Reason") or shape.members.get("ResourceType")
            for reason in getattr(tells, "enum", ()):
                yield shape.name, reason


def test_the_models_have_errors_and_reasons() -> None:
    found = set(modelled())
    assert ("MessageRejected", "") in found
    assert ("ConflictException", "RESOURCE_NOT_ACTIVE") in found
    assert len(found) > 140


@pytest.mark.parametrize(("code", "reason"), list(modelled()))
def test_every_error_and_reason_stands_in_the_table(code: str, reason: str) -> None:
    assert FAULTS[code][reason] in Fault


@pytest.mark.parametrize("code", EVERYWHERE)
def test_what_any_service_may_answer_stands_in_the_table(code: str) -> None:
    assert code in COMMON or FAULTS[code][""] in Fault


@pytest.mark.parametrize(
    "failed",
    [
        error("MessageRejected"),  # the sandbox, or an identity that is not verified
        error("SendingPausedException"),
        error("ConflictException", Reason="DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
        error("ConflictException", Reason="RESOURCE_NOT_ACTIVE"),
        error("ConflictException"),
        error("ServiceQuotaExceededException", Reason="MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
        error("ResourceNotFoundException", ResourceType="phone-number"),
        error("ValidationException", Reason="SENDER_ID_REQUIRES_REGISTRATION"),
        error("ConflictException", Reason="OF_NEXT_YEAR"),
        error("OfNextYear"),
        NotConfigured("no [sms]"),
        NoCredentialsError(),
    ],
    ids=lambda failed: reason_of(failed),
)
def test_what_the_admin_can_mend_is_the_accounts(failed: Exception) -> None:
    assert fault_of(failed) is Fault.ACCOUNT


@pytest.mark.parametrize(
    "failed",
    [
        error("ConflictException", Reason="DESTINATION_PHONE_NUMBER_OPTED_OUT"),
        error("ValidationException"),
        error("BadRequestException"),
        ParamValidationError(report="too long"),
        ValueError("no header"),
    ],
    ids=lambda failed: reason_of(failed),
)
def test_what_is_refused_for_good_is_the_messages(failed: Exception) -> None:
    assert fault_of(failed) is Fault.MESSAGE


@pytest.mark.parametrize(
    "failed",
    [
        *(error(code) for code in sorted(THROTTLED)),
        error("InternalServerException"),
        error("OfNextYear", 503),
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
    ],
    ids=lambda failed: reason_of(failed),
)
def test_what_passes_by_itself_is_waited_for(failed: Exception) -> None:
    assert fault_of(failed) is Fault.WAIT


@pytest.mark.parametrize(
    "failed", [ReadTimeoutError(endpoint_url=URL), ConnectionClosedError(endpoint_url=URL), KeyError("MessageId")]
)
def test_where_no_answer_came_nobody_knows_whether_it_left(failed: Exception) -> None:
    assert fault_of(failed) is None
