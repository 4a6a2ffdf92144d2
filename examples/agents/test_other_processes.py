"""A service in a process of its own, and a script in another language."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

HERE = Path(__file__).parent
ARTICLE = "The town library closes on Monday. Its roof is repaired for three weeks."

pytestmark = pytest.mark.llm(record="inline")


@pytest.fixture(scope="session")
def help_desk():
    """Run the service, in a replay as well: only what it asks its model is played."""
    for needed in ("fastapi", "uvicorn"):
        pytest.importorskip(needed, reason=f"needs pip install {needed}")
    command = [sys.executable, "-m", "uvicorn", "help_desk:app", "--port=0", "--no-access-log"]
    with subprocess.Popen(command, cwd=HERE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if found := re.search(r"running on (\S+)", line):
                break
        else:
            pytest.fail("the service did not start")
        yield found[1]
        process.terminate()


def test_the_service_answers_a_question(help_desk):
    asked = {"question": "How long can I send it back?"}
    said = httpx2.get(f"{help_desk}/answer", params=asked, timeout=60).json()["answer"]

    assert "14 days" in said


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_a_script_writes_a_headline(llm_calls):
    command = ["node", "headline.mjs"]
    said = subprocess.check_output(command, cwd=HERE, input=ARTICLE, text=True)

    assert "Library" in said
    assert said.strip() == llm_calls[-1].text
