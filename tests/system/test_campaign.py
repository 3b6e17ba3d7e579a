"""A short run of the campaign; `./x campaign` makes long ones."""

from __future__ import annotations

from campaign import run_campaign
from clusters import Site


def test_replication_under_faults(site: Site) -> None:
    run_campaign(site, 10, 1, lambda line: None)


def test_replication_under_other_faults(site: Site) -> None:
    run_campaign(site, 10, 2, lambda line: None)
