"""The conformance suite on the two simulated banks: one over HTTP, one over a folder."""

import pytest
from tests.backend.bank_conformance import BankConformance

from anxin.bank.adapters import connected
from anxin.demo.banks import FolderHouse, HttpHouse

pytest_plugins = ["tests.backend.bank_conformance"]


class TestOverHttp(BankConformance):
    @pytest.fixture
    async def house(self, tmp_path):
        house = HttpHouse(file=tmp_path / "books.json", token="t")
        async with house, connected(house.url, name="bank-a", token="t") as house.adapter:
            yield house


class TestOverAFolder(BankConformance):
    @pytest.fixture
    async def house(self, tmp_path):
        house = FolderHouse(tmp_path / "exchange", file=tmp_path / "books.json")
        async with house, connected(house.url, name="bank-b") as house.adapter:
            yield house
