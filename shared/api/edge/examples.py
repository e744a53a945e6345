"""What the examples of several resources share: tasks of the stand-in for Sense, and error messages."""

from http import HTTPStatus

APP1, APP2, APP3 = (
    "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a",
    "7d1427f4-b9ad-5812-aed5-9e6da8b9889c",
    "7d7d32dd-a1fb-506e-9aee-50d88b2e94d3",
)
CRASHED = {
    HTTPStatus.INTERNAL_SERVER_ERROR: "Footman failed; its log tells why under invocation "
    "5e0c3f0e-7a4f-4a55-9a53-0f6a2f1c9d11."
}
WRONG_SETTING = {HTTPStatus.INTERNAL_SERVER_ERROR: "QRS_URL is missing: see the settings in README.md."}
STORAGE_AWAY = WRONG_SETTING | {
    HTTPStatus.SERVICE_UNAVAILABLE: "Table storage gave no answer (ServiceRequestError). Check STORAGE_CONNECTION or "
    "STORAGE_TABLE_URL, and that the network lets Footman through."
}
NO_PARAMETERS = {HTTPStatus.BAD_REQUEST: "all is no parameter of this call: it takes none."}
SENSE_REFUSES = (
    "sense.example.com:4242 answered 403: it knows who asks but does not allow it. The client certificate may be "
    "missing or foreign, or the user lacks the right to read and start tasks (security rule with Read and Update on "
    "ReloadTask_*)."
)
