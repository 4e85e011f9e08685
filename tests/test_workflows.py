"""The workflow and the action are what GitHub accepts, and ask for no more than they need."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"


def validate(schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Hold a file against a schema that check-jsonschema ships; no network."""
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", path],
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("github-workflows", GITHUB / "workflows" / "ci.yml"),
        ("github-actions", ROOT / "action.yml"),
    ],
)
def test_github_accepts_it(schema, path):
    done = validate(schema, path)
    assert done.returncode == 0, done.stdout


def test_the_validation_can_fail(tmp_path):
    broken = tmp_path / "ci.yml"
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    broken.write_text(text.replace("runs-on:", "runs-upon:"), encoding="utf-8")
    assert validate("github-workflows", broken).returncode == 1


def test_the_workflow_may_only_read():
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "\npermissions:\n  contents: read\n" in text
    assert "write" not in text
