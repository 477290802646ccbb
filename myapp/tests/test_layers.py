"""Imports point one way, between rooms and inside them; the contracts stand in pyproject.toml."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grimp
import pytest

import myapp

if TYPE_CHECKING:
    from grimp import ImportGraph

ROOT = Path(myapp.__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
BETWEEN, INSIDE = (contract for contract in CONTRACTS if contract["type"] == "layers")
# Beside the layers: what tests stand on, and the promises about everything
ASIDE = {"testing", "tests"}


def who_imports_whom() -> ImportGraph:
    """Return the product's imports; tests stand beside the code and may lean on the helpers, which know every room."""
    graph = grimp.build_graph("myapp", include_external_packages=False, exclude_type_checking_imports=True)
    for module in [name for name in graph.modules if re.search(r"\.tests(\.|$)", name)]:
        graph.remove_module(module)
    return graph


@pytest.fixture(scope="module")
def imports() -> ImportGraph:
    return who_imports_whom()


def broken(imports: ImportGraph, contract: dict[str, Any]) -> set[str]:
    """Return the imports that point the wrong way, as "importer -> imported" of their layers."""
    layers = [grimp.Layer(*(name.strip("() ") for name in layer.split("|"))) for layer in contract["layers"]]
    found = imports.find_illegal_dependencies_for_layers(layers, containers=set(contract["containers"]))
    return {f"{dependency.importer} -> {dependency.imported}" for dependency in found}


def test_between_rooms_imports_point_one_way(imports: ImportGraph) -> None:
    assert broken(imports, BETWEEN) == set()


def test_inside_rooms_imports_point_one_way(imports: ImportGraph) -> None:
    assert broken(imports, INSIDE) == set()


def test_every_room_has_its_layer() -> None:
    rooms = {module.name for module in pkgutil.iter_modules(myapp.__path__)} - ASIDE
    named = {name for layer in BETWEEN["layers"] for name in re.findall(r"\w+", layer)}
    insides = {container.rpartition(".")[2] for container in INSIDE["containers"]}

    assert rooms <= named
    assert rooms - {"web", "demo"} <= insides


@pytest.mark.parametrize(
    ("contract", "importer", "imported"),
    [
        (BETWEEN, "myapp.web.policies", "myapp.accounts.models"),
        (BETWEEN, "myapp.accounts.models", "myapp.events.models"),
        (BETWEEN, "myapp.venues.models", "myapp.events.queries"),
        (INSIDE, "myapp.events.models.events", "myapp.events.queries"),
        (INSIDE, "myapp.events.queries", "myapp.events.actions"),
        (INSIDE, "myapp.events.rules", "myapp.events.actions"),
        (INSIDE, "myapp.events.actions", "myapp.events.views.details"),
    ],
)
def test_an_import_the_wrong_way_is_found(contract: dict[str, Any], importer: str, imported: str) -> None:
    graph = who_imports_whom()
    graph.add_import(importer=importer, imported=imported)

    assert broken(graph, contract)


def test_a_way_round_by_another_module_is_found() -> None:
    graph = who_imports_whom()
    graph.add_module("myapp.events.handy")
    graph.add_import(importer="myapp.events.queries", imported="myapp.events.handy")
    graph.add_import(importer="myapp.events.handy", imported="myapp.events.actions")

    assert "myapp.events.queries -> myapp.events.actions" in broken(graph, INSIDE)


def test_the_product_does_not_lean_on_its_tests(imports: ImportGraph) -> None:
    leaning = imports.find_modules_that_directly_import("myapp.testing") | {
        module
        for helper in imports.find_descendants("myapp.testing")
        for module in imports.find_modules_that_directly_import(helper)
    }

    assert {module for module in leaning if not module.startswith(("myapp.demo", "myapp.testing"))} == set()
