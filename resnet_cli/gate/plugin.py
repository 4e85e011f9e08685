"""pytest's fixture `shapes`. Whoever does not use it imports nothing but pytest."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from resnet_cli.gate.fixture import Shapes


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that accepts what changed."""
    parser.getgroup("resnet-shapes").addoption(
        "--shapes-update",
        action="store_true",
        help="write the lock files of the fixture shapes anew, where something changed",
    )


@pytest.fixture
def shapes(request: pytest.FixtureRequest) -> "Shapes":
    """Hold modules against expectations and lock files: `shapes.check(model, "1x3x224x224")`."""
    from resnet_cli.gate.fixture import Shapes

    update = request.config.getoption("--shapes-update")
    return Shapes(request.path.parent, request.node.nodeid, update=update)
