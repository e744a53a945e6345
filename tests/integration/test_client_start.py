"""What an operator runs on a laptop has an environment of its own: small, and apart from that of the tests."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

TELL = "import json, os, sys; print(json.dumps([sys.prefix, sys.argv[1:], os.getcwd()]))"


def test_a_command_for_operators_installs_only_what_it_needs_and_says_so_on_stderr(tmp_path: Path) -> None:
    # In place of export a file that tells where it runs; it needs no library, so that no registry is asked.
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    shutil.copytree(ROOT / "sandbox", project / "sandbox")
    for file in ("dev.py", "requirements.txt"):
        shutil.copyfile(ROOT / file, project / file)
    (project / "client").mkdir()
    (project / "client" / "__init__.py").touch()
    (project / "client" / "requirements.txt").touch()
    (project / "client" / "export.py").write_text(TELL)
    # Modules of these names in the folder that it is called from are somebody else's.
    elsewhere.mkdir()
    for name in ("client.py", "json.py"):
        (elsewhere / name).write_text("raise AssertionError('taken from where it was called')")

    command = [sys.executable, str(project / "dev.py"), "export", "here.yaml"]
    # On a busy machine a virtual environment alone takes minutes.
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr
    environment, arguments, folder = json.loads(done.stdout)
    assert Path(environment).samefile(project / ".local" / "venv-client")
    assert (arguments, Path(folder)) == (["here.yaml"], elsewhere.resolve())
    assert "client/requirements.txt" in done.stderr
    assert {path.name for path in (project / ".local").iterdir()} == {"venv-client", "installing-venv-client.lock"}
