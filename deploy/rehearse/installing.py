"""From a bare machine to a page over TLS, and back."""

from __future__ import annotations

import re
import time

import machine
from machine import CURRENT, DOMAIN, SETTINGS, UNITS, must, sh
from visitors import Person, ask

password = ""


def install() -> str:
    """One command installs everything."""
    global password  # noqa: PLW0603 - it is said once
    began = time.monotonic()
    said = machine.install("--domain", DOMAIN)
    found = re.search(r"Sign in as (\S+) with the password (\S+)", said)
    must(
        found and f"https://{DOMAIN}/" in said and "certbot certonly" in said,
        f"It does not say what to do next:\n{said}",
    )
    password = found[2] if found else ""
    return f"{time.monotonic() - began:.0f} s, release {CURRENT.resolve().name}"


def every_unit_is_active() -> str:
    """Every unit is active, none has failed, systemd finds nothing to say about ours."""
    states = sh(f"systemctl is-active {' '.join(UNITS)}", status=None).split()
    must(states == ["active"] * len(UNITS), f"{dict(zip(UNITS, states, strict=False))}")
    must(not sh("systemctl --failed --no-legend --plain"), sh("systemctl --failed --no-legend --plain"))
    names = [name for name in UNITS if "eventmate" in name] + [
        "eventmate@1.service",
        "eventmate@1.socket",
    ]
    must(
        not sh(f"systemd-analyze verify --man=no {' '.join(names)}"),
        sh(f"systemd-analyze verify --man=no {' '.join(names)}"),
    )
    security = sh("systemd-analyze security --no-pager --threshold=15 eventmate.service").splitlines()[-1]
    return f"{len(UNITS)} units; {security.lstrip('→ ').rstrip('🙂 ')}"


def settings_are_secret() -> str:
    """Only root can read the settings, and nobody can write to the code."""
    mode = SETTINGS.stat()
    must((mode.st_mode & 0o777, mode.st_uid) == (0o600, 0), f"{SETTINGS} has mode {oct(mode.st_mode)}")
    writable = sh(
        f"find {CURRENT}/ -not -type l ( -not -user root -o -perm /022 )".replace("(", r"\(").replace(
            ")", r"\)"
        )
    )
    must(not writable, f"others can write to {writable[:300]}")
    environment = sh(f"cat /proc/{machine.main_pid()}/status | grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):'")
    must(re.search(r"CapEff:\s+0+\nNoNewPrivs:\s+1\nSeccomp:\s+2", environment), environment)
    return "0600 and root's; the site runs without a capability, under a seccomp filter"


def the_doctor_has_nothing_to_say() -> str:
    """The doctor finds nothing wrong."""
    said = sh("eventmate doctor")
    must(said.endswith("Nothing is wrong.") and "Wrong:" not in said, said)
    return f"nothing wrong, {said.count('Advice:')} words of advice"


def browse_over_tls() -> str:
    """Pages come over TLS and HTTP/2, plain HTTP leads there, a second visit is answered by Nginx."""
    curl = f"curl -sk --resolve {DOMAIN}:443:127.0.0.1 --resolve {DOMAIN}:80:127.0.0.1 -o /dev/null"
    seen = sh(f"{curl} -w '%{{http_version}} %{{http_code}} %{{ssl_verify_result}}' https://{DOMAIN}/")
    must(seen.startswith("2 200"), seen)
    seen = sh(f"{curl} -w '%{{http_code}} %{{redirect_url}}' http://{DOMAIN}/events/")
    must(seen == f"301 https://{DOMAIN}/events/", seen)
    page, again = ask("/"), ask("/")
    must("max-age=31536000" in page.headers.get("strict-transport-security", ""), "no HSTS")
    must("unsafe" not in page.headers["content-security-policy"], page.headers["content-security-policy"])
    # After a while switched off what Nginx has is no longer fresh: it is handed out all the same, and fetched anew.
    from_nginx = again.headers["x-cache-status"]
    must(from_nginx in {"HIT", "UPDATING", "STALE"}, from_nginx)
    style = re.findall(r'href="(/static/css/[^"]+)"', page.body)
    must(style and ask(style[0]).status == 200, f"style sheet {style}")
    return f"HTTP/2, HSTS, a redirect, {from_nginx}"


def the_administrator_signs_in() -> str:
    """The first administrator signs in with what was printed and enters the back office."""
    person = Person().sign_in(f"admin@{DOMAIN}", password)
    must(person.get("/admin/").status == 200, "the back office does not open")
    return "/admin/ opens"


def fill_the_demo_campus() -> str:
    """The command in the path runs as the site does."""
    sh("eventmate demo")
    must('class="event"' in ask("/events/").body, "no events")
    return "the demo campus is there"


def uninstall_and_install_again() -> str:
    """Taking it away leaves all data, and installing again finds them."""
    before = SETTINGS.read_text()
    events = sh("runuser -u postgres -- psql -qtAX -d eventmate -c 'SELECT count(*) FROM events_event'")
    sh(f"cd / && {machine.ROOT}/deploy/install --uninstall")
    must(
        not sh(
            "ls -d /opt/eventmate /etc/systemd/system/*eventmate* /usr/local/bin/eventmate /var/cache/nginx/eventmate"
            " 2>/dev/null",
            status=None,
        ),
        "programs remain",
    )
    must(sh("ls -A /var/lib/eventmate/static /var/backups/eventmate"), "data are gone")
    said = machine.install()
    must("There is an administrator already." in said, said)
    must(SETTINGS.read_text() == before, "the settings have changed")
    again = sh("runuser -u postgres -- psql -qtAX -d eventmate -c 'SELECT count(*) FROM events_event'")
    must(events == again != "0", f"{events} events before, {again} after")
    Person().sign_in(f"admin@{DOMAIN}", password)
    return f"{again} events, settings and accounts as before"
