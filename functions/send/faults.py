"""Whose fault it is that AWS did not take a message, which decides what becomes of it.

A test holds the table against botocore's models: every error and every reason of `SendEmail` and `SendTextMessage`.
"""

from enum import StrEnum

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from shared.errors import NotConfigured


class Fault(StrEnum):
    """What keeps a message from being sent."""

    MESSAGE = "message"
    """This message or its address is refused for good; other messages are not affected."""
    ACCOUNT = "account"
    """The AWS account cannot send, for example in the sandbox; the message can be sent once an admin has fixed it."""
    WAIT = "wait"
    """AWS throttles or fails: the message can be sent later, and nobody has to do anything."""


FAULTS: dict[str, dict[str, Fault]] = {
    # The errors of SES.
    "TooManyRequestsException": {"": Fault.WAIT},
    "LimitExceededException": {"": Fault.ACCOUNT},
    "AccountSuspendedException": {"": Fault.ACCOUNT},
    "SendingPausedException": {"": Fault.ACCOUNT},
    "MessageRejected": {"": Fault.ACCOUNT},  # an identity is not verified, or the account is in the sandbox
    "MailFromDomainNotVerifiedException": {"": Fault.ACCOUNT},
    "NotFoundException": {"": Fault.ACCOUNT},  # the identity's configuration set
    "BadRequestException": {"": Fault.MESSAGE},
    # The errors of End User Messaging, and their reasons.
    "ThrottlingException": {"": Fault.WAIT},
    "InternalServerException": {"": Fault.WAIT},
    "AccessDeniedException": dict.fromkeys(("", "INSUFFICIENT_ACCOUNT_REPUTATION", "ACCOUNT_DISABLED"), Fault.ACCOUNT),
    "ResourceNotFoundException": dict.fromkeys(
        (
            *("", "account", "phone-number", "sender-id", "pool", "configuration-set", "opt-out-list"),
            *("event-destination", "keyword", "opted-out-number", "registration", "registration-attachment"),
            *("verified-destination-number", "protect-configuration", "notify-configuration", "notify-template"),
            *("message-template", "policy", "message", "rcs-agent"),
        ),
        Fault.ACCOUNT,
    ),
    "ServiceQuotaExceededException": dict.fromkeys(
        (
            *("", "ASSOCIATIONS_PER_REGISTRATION", "CONFIGURATION_SETS_PER_ACCOUNT", "DAILY_DESTINATION_CALL_LIMIT"),
            *("DAILY_NOTIFY_TIER_MESSAGE_LIMIT", "EVENT_DESTINATIONS_PER_CONFIGURATION_SET"),
            *("KEYWORDS_PER_PHONE_NUMBER", "KEYWORDS_PER_POOL", "MONTHLY_SPEND_LIMIT_REACHED_FOR_MEDIA"),
            *("MONTHLY_SPEND_LIMIT_REACHED_FOR_NOTIFY", "MONTHLY_SPEND_LIMIT_REACHED_FOR_RCS"),
            *("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", "MONTHLY_SPEND_LIMIT_REACHED_FOR_VOICE"),
            *("NOTIFY_CONFIGURATIONS_PER_ACCOUNT", "OPT_OUT_LISTS_PER_ACCOUNT", "ORIGINATION_IDENTITIES_PER_POOL"),
            *("PHONE_NUMBERS_PER_ACCOUNT", "PHONE_NUMBERS_PER_REGISTRATION", "POOLS_PER_ACCOUNT"),
            *("PROTECT_CONFIGURATIONS_PER_ACCOUNT", "RCS_AGENTS_PER_ACCOUNT"),
            *("REGISTRATION_ATTACHMENTS_CREATED_PER_DAY", "REGISTRATION_ATTACHMENTS_PER_ACCOUNT"),
            *("REGISTRATION_VERSIONS_CREATED_PER_DAY", "REGISTRATIONS_PER_ACCOUNT", "SENDER_IDS_PER_ACCOUNT"),
            *("TAGS_PER_RESOURCE", "VERIFICATION_ATTEMPTS_PER_DAY", "VERIFIED_DESTINATION_NUMBERS_PER_ACCOUNT"),
        ),
        Fault.ACCOUNT,
    ),
    "ValidationException": {
        **dict.fromkeys(  # what this message says, or whom it goes to
            (
                *("", "ATTACHMENT_TYPE_NOT_SUPPORTED", "CANNOT_ADD_OPTED_OUT_NUMBER", "CANNOT_PARSE"),
                *("COUNTRY_CODE_MISMATCH", "FIELD_VALIDATION_FAILED", "INVALID_FILTER_VALUES", "INVALID_NEXT_TOKEN"),
                *("INVALID_PARAMETER", "INVALID_REQUEST", "MAXIMUM_SIZE_EXCEEDED", "MEDIA_TYPE_NOT_SUPPORTED"),
                *("MISSING_PARAMETER", "PARAMETERS_CANNOT_BE_USED_TOGETHER", "PHONE_NUMBER_CANNOT_BE_OPTED_IN"),
                *("PHONE_NUMBER_CANNOT_BE_RELEASED", "PRICE_OVER_THRESHOLD"),
            ),
            Fault.MESSAGE,
        ),
        **dict.fromkeys(  # what the number, the sender id or the account may do
            (
                *("CHANNEL_NOT_ENABLED", "COUNTRY_NOT_ENABLED", "DESTINATION_COUNTRY_BLOCKED"),
                *("INTERNATIONAL_SENDING_NOT_SUPPORTED", "INVALID_ARN", "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY"),
                *("INVALID_REGISTRATION_ASSOCIATION", "OTHER", "REGISTRATION_FIELD_CANNOT_BE_DELETED"),
                *("REQUESTED_SPEND_LIMIT_HIGHER_THAN_SERVICE_LIMIT", "RESOURCE_NOT_ACCESSIBLE"),
                *("SENDER_ID_NOT_REGISTERED", "SENDER_ID_NOT_SUPPORTED", "SENDER_ID_REQUIRES_REGISTRATION"),
                *("TWO_WAY_CHANNEL_NOT_PRESENT", "TWO_WAY_NOT_ENABLED", "TWO_WAY_NOT_SUPPORTED_IN_COUNTRY"),
                *("TWO_WAY_NOT_SUPPORTED_IN_REGION", "TWO_WAY_TOPIC_NOT_PRESENT", "UNKNOWN_OPERATION"),
                *("UNKNOWN_REGISTRATION_FIELD", "UNKNOWN_REGISTRATION_SECTION", "UNKNOWN_REGISTRATION_TYPE"),
                *("UNKNOWN_REGISTRATION_VERSION", "UNSPECIFIED_PARAMETER_NOT_SUPPORTED"),
                *("VERIFICATION_CODE_MISMATCH", "VOICE_CAPABILITY_NOT_AVAILABLE"),
            ),
            Fault.ACCOUNT,
        ),
    },
    "ConflictException": {
        **dict.fromkeys(
            (
                "DESTINATION_PHONE_NUMBER_OPTED_OUT",
                "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE",  # the admin's own choice for one number
            ),
            Fault.MESSAGE,
        ),
        **dict.fromkeys(
            (
                *("", "CREATE_REGISTRATION_VERSION_NOT_ALLOWED", "DELETION_PROTECTION_ENABLED"),
                *("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
                *("DISASSOCIATE_REGISTRATION_NOT_ALLOWED", "DISCARD_REGISTRATION_VERSION_NOT_ALLOWED"),
                *("EDIT_REGISTRATION_FIELD_VALUES_NOT_ALLOWED", "EVENT_DESTINATION_MISMATCH", "KEYWORD_MISMATCH"),
                *("LAST_PHONE_NUMBER", "MESSAGE_TYPE_MISMATCH", "NO_ORIGINATION_IDENTITIES_FOUND"),
                *("NOTIFY_CONFIGURATION_NOT_ACTIVE", "NUMBER_CAPABILITIES_MISMATCH", "OPT_OUT_LIST_MISMATCH"),
                *("PHONE_NUMBER_ASSOCIATED_TO_POOL", "PHONE_NUMBER_ASSOCIATED_TO_REGISTRATION"),
                *("PHONE_NUMBER_NOT_ASSOCIATED_TO_POOL", "PHONE_NUMBER_NOT_IN_REGISTRATION_REGION"),
                *("POOL_ASSOCIATED_TO_NOTIFY_CONFIGURATION", "PROTECT_CONFIGURATION_ASSOCIATED_WITH_CONFIGURATION_SET"),
                *("PROTECT_CONFIGURATION_IS_ACCOUNT_DEFAULT", "RCS_AGENT_ASSOCIATED_TO_POOL"),
                *("PROTECT_CONFIGURATION_NOT_ASSOCIATED_WITH_CONFIGURATION_SET", "REGISTRATION_ALREADY_SUBMITTED"),
                *("RCS_AGENT_ALREADY_ASSOCIATED_TO_REGISTRATION_TYPE", "REGISTRATION_NOT_COMPLETE"),
                *("RESOURCE_ALREADY_ASSOCIATED", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DELETION_NOT_ALLOWED"),
                *("RESOURCE_MODIFICATION_NOT_ALLOWED", "RESOURCE_NOT_ACTIVE", "RESOURCE_NOT_EMPTY"),
                *("SELF_MANAGED_OPT_OUTS_MISMATCH", "SENDER_ID_ASSOCIATED_TO_POOL"),
                *(
                    "SUBMIT_REGISTRATION_VERSION_NOT_ALLOWED",
                    "TWO_WAY_CONFIG_MISMATCH",
                    "VERIFICATION_ALREADY_COMPLETE",
                ),
                "VERIFICATION_CODE_EXPIRED",
            ),
            Fault.ACCOUNT,
        ),
    },
}
"""By error and reason; the reason "" stands for an error without one."""
COMMON: dict[str, Fault] = {
    **dict.fromkeys(
        (
            *("InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException"),
            *("Throttling", "RequestLimitExceeded", "RequestThrottled", "SlowDown", "TooManyRequests"),
            *("RequestAbortedException", "RequestExpired", "RequestTimeout", "RequestTimeoutException"),
        ),
        Fault.WAIT,
    ),
    **dict.fromkeys(
        (
            *("AccessDenied", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "NotAuthorized"),
            *("IncompleteSignatureException", "InvalidClientTokenId", "InvalidSignatureException", "OptInRequired"),
            *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "SignatureDoesNotMatch"),
            *("UnrecognizedClientException", "UnknownOperationException"),
        ),
        Fault.ACCOUNT,
    ),
    **dict.fromkeys(
        ("MalformedHttpRequestException", "RequestEntityTooLargeException", "ValidationError"), Fault.MESSAGE
    ),
}
"""What any service of AWS may answer, by its error."""
THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException", "Throttling", "RequestThrottled", "SlowDown"})
"""Numbers send a few texts a second, or one: a moment later there is room."""
OPTED_OUT = "DESTINATION_PHONE_NUMBER_OPTED_OUT"


def fault_of(error: Exception) -> Fault | None:
    """Whose fault an error of sending is; None where the message may have left, such as when no answer came.

    What AWS says that the table does not know is the account's: the message is kept, and the admin told.
    """
    match error:
        case ClientError():
            broken = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500
            unknown = COMMON.get(code_of(error), Fault.WAIT if broken else Fault.ACCOUNT)
            return FAULTS.get(code_of(error), {}).get(_detail(error), unknown)
        case EndpointConnectionError() | ConnectTimeoutError():
            return Fault.WAIT
        case NotConfigured() | NoCredentialsError():
            return Fault.ACCOUNT
        case ParamValidationError() | ValueError():
            return Fault.MESSAGE
    return None


def code_of(error: Exception) -> str:
    """The name of an error: AWS's, or its type's."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def reason_of(error: Exception) -> str:
    """Why, as AWS says it: the reason, else the error."""
    return (isinstance(error, ClientError) and _detail(error)) or code_of(error)


def _detail(error: ClientError) -> str:
    return str(error.response.get("Reason") or error.response.get("ResourceType") or "")
