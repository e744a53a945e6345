"""The files of infra/, checked without Azure: no compiler and no subscription is needed, and none was asked."""

import json
import re
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.conftest import ROOT
from tests.functions import functions
from tests.infra.bicep import INFRA, Bicep, files, text

MAIN = Bicep(INFRA / "main.bicep")
APP = Bicep(INFRA / "app.bicep")
EACH = pytest.mark.parametrize("file", files(), ids=lambda file: file.path.name)
PARAMETERS = (INFRA / "main.bicepparam").read_text(encoding="utf-8")

# What Azure's host reads itself.
OF_THE_HOST = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsDisableHomepage",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "PYTHON_THREADPOOL_THREAD_COUNT",
}
# What the app reads and Azure must not be given: an identity stands in for the one, and the other opens a door.
NOT_ON_AZURE = {"STORAGE_CONNECTION", "QRS_TLS_VERIFY"}

ROLES = {
    ("storage.bicep", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),  # Storage Blob Data Owner, of the host's own account
    ("storage.bicep", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"),  # Storage Table Data Contributor
    ("vault.bicep", "4633458b-17de-408a-b874-0445c86b69e6"),  # Key Vault Secrets User
    ("vault.bicep", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"),  # Key Vault Secrets Officer, of the administrator
    ("monitoring.bicep", "3913510d-42f4-4e42-8a64-420c390055eb"),  # Monitoring Metrics Publisher
}


@EACH
def test_a_file_is_bicep(file: Bicep) -> None:
    assert file.errors == []


def test_a_file_that_is_no_bicep_would_be_seen(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bicep"
    broken.write_text("param a string = = 'x'\nresource {\n", encoding="utf-8")

    assert Bicep(broken).errors


@EACH
def test_all_that_is_declared_is_used(file: Bicep) -> None:
    assert file.unused == []


@EACH
def test_every_parameter_is_described(file: Bicep) -> None:
    assert file.undescribed == []


@EACH
def test_a_module_is_given_all_that_it_takes_and_nothing_else(file: Bicep) -> None:
    for module in file.modules:
        taken = Bicep(INFRA / module.file).parameters
        assert (module.file, module.given) == (module.file, frozenset(taken))


def test_every_file_is_part_of_the_whole() -> None:
    used = {module.file for module in MAIN.modules} | {"main.bicep"}

    assert {file.path.name for file in files()} == used


@EACH
def test_nothing_comes_from_a_registry(file: Bicep) -> None:
    assert not re.search(r"'(br|ts)[:/]", file.source)


def test_the_app_is_given_every_setting_that_it_reads_and_no_other() -> None:
    read = {field.alias for field in Settings.model_fields.values()}

    assert APP.properties_of("settings") - OF_THE_HOST == read - NOT_ON_AZURE


def test_the_roles_are_the_least() -> None:
    found = {
        (file.path.name, role) for file in files() for role in re.findall(r"'([0-9a-f]{8}-[0-9a-f-]{27})'", file.source)
    }

    assert found == ROLES
    assignments = [
        node
        for file in files()
        for node in file.nodes("resource_declaration")
        if "roleAssignments@" in text(node)[:120]
    ]
    assert len(assignments) == len(ROLES)
    assert [text(node) for node in assignments if "scope: " not in text(node)] == []


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        (
            "storage.bicep",
            ["allowSharedKeyAccess: false", "allowBlobPublicAccess: false", "minimumTlsVersion: 'TLS1_2'"],
        ),
        ("storage.bicep", ["supportsHttpsTrafficOnly: true", "defaultToOAuthAuthentication: true"]),
    ],
)
def test_both_accounts_are_shut(file: str, lines: list[str]) -> None:
    source = (INFRA / file).read_text(encoding="utf-8")

    assert [source.count(line) for line in lines] == [2] * len(lines)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("app.bicep", "httpsOnly: true"),
        ("app.bicep", "minTlsVersion: '1.2'"),
        ("app.bicep", "scmMinTlsVersion: '1.2'"),
        ("app.bicep", "ftpsState: 'Disabled'"),
        ("app.bicep", "runtime: { name: 'python', version: '3.13' }"),
        ("app.bicep", "keyVaultReferenceIdentity: identityId"),
        ("vault.bicep", "enableRbacAuthorization: true"),
        ("vault.bicep", "enablePurgeProtection: true"),
        ("monitoring.bicep", "DisableLocalAuth: true"),
        ("network.bicep", "serviceName: 'Microsoft.App/environments'"),
    ],
)
def test_it_is_safe_by_default(file: str, line: str) -> None:
    assert line in (INFRA / file).read_text(encoding="utf-8")


def test_no_password_publishes() -> None:
    policies = [
        text(node)
        for node in APP.nodes("resource_declaration")
        if "'basicPublishingCredentialsPolicies'" in text(node)[:80]
    ]

    assert len(policies) == 2
    assert all("allow: false" in policy for policy in policies)


def test_what_is_always_ready_is_a_function_of_the_app() -> None:
    names = re.findall(r"'function:(\w+)'", APP.source)

    assert names
    assert set(names) <= {function.get_function_name() for function in functions()}


def test_the_parameters_file_gives_what_has_no_default_and_knows_no_other() -> None:
    given = set(re.findall(r"^param (\w+) = ", PARAMETERS, re.MULTILINE))
    mentioned = set(re.findall(r"^(?:// )?param (\w+) = ", PARAMETERS, re.MULTILINE))

    assert {name for name, is_needed in MAIN.parameters.items() if is_needed} - given == set()
    assert mentioned - MAIN.parameters.keys() == set()


def test_the_host_keeps_its_timers_and_all_that_queries_read() -> None:
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))

    assert host["singleton"]["listenerLockPeriod"] == "00:00:15"
    assert host["functionTimeout"] == "00:05:00"
    sampling = host["logging"]["applicationInsights"]["samplingSettings"]
    assert set(sampling["excludedTypes"].split(";")) == {"Request", "Exception", "Trace"}
