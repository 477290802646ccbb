"""What Prometheus and Grafana are given: alert rules that come when they must, and queries that mean something."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from eventmate.backups.records import LAST_BACKUP, LAST_DRILL, write_record
from myapp.testing.needs import needs_program

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "eventmate.rules.yml"
STORIES = sorted((DEPLOY / "prometheus").glob("*.test.yml"))
# Counted where there are several workers, and with a pool
ONLY_UNDER_GUNICORN = {
    "eventmate_workers",
    "eventmate_database_pool_connections",
    "eventmate_database_pool_waiting",
}
DASHBOARD = json.loads((DEPLOY / "grafana" / "eventmate.json").read_text())


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = needs_program("promtool (Debian: prometheus)", "promtool")
    return subprocess.run([program, *words], cwd=RULES.parent, capture_output=True, text=True, check=False)


def queries() -> list[str]:
    """Return what the dashboard's panels ask, with Grafana's variables replaced as Grafana does."""
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    return [query.replace("$__rate_interval", "1m").replace("$instance", ".*") for query in asked]


def test_rules_and_configuration_are_valid():
    assert promtool("check", "rules", RULES.name).returncode == 0
    checked = promtool("check", "config", "prometheus.yml")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("stories", STORIES, ids=lambda path: path.name)
def test_each_alert_comes_when_it_must(stories):
    done = promtool("test", "rules", stories.name)

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_story_with_it_and_one_without():
    stories = "\n".join(path.read_text() for path in STORIES)

    for alert in re.findall(r"- alert: (\w+)", RULES.read_text()):
        assert re.search(rf"alertname: {alert}\n\s+exp_alerts", stories), f"{alert} never comes"
        assert re.search(rf"alertname: {alert}\}}", stories), f"{alert} never stays away"


def test_each_alert_says_how_bad_it_is_and_what_to_do():
    for rule in RULES.read_text().split("- alert: ")[1:]:
        assert re.search(r"labels: \{severity: (critical|warning)\}", rule), rule
        assert "summary: " in rule
        assert "description: " in rule


def test_the_dashboards_queries_are_valid(tmp_path):
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())]
    path = tmp_path / "queries.yml"  # JSON is YAML
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    done = promtool("check", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rules) > 20


def test_the_dashboards_panels_stand_beside_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.django_db
def test_what_alerts_and_dashboard_ask_for_is_what_the_site_says(client, settings, tmp_path, monkeypatch):
    """A metric that changed its name would leave an alert that never comes."""
    settings.BACKUP_DIR, settings.DATA_DIR = tmp_path, tmp_path
    for name in (LAST_BACKUP, LAST_DRILL):
        write_record(tmp_path, name, ok=True, seconds=1, bytes=1)
    settings.NGINX_CACHE_LOG = tmp_path / "cache.log"
    settings.NGINX_CACHE_LOG.write_text("HIT\n")
    client.get("/events/")
    monkeypatch.setattr("health.gauges.certificate_ends", lambda: 1_800_000_000.0)
    settings.SITE_URL = "https://campus.example"

    said = client.get("/metrics/").content.decode()
    told = set(re.findall(r"^# TYPE (eventmate_\w+)", said, re.MULTILINE))
    asked = set(re.findall(r"\beventmate_\w+", RULES.read_text() + " ".join(queries())))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}

    assert families - told - ONLY_UNDER_GUNICORN == set()
