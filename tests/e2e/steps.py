"""What a person does in Airflow's UI to come from a key to a verdict, click by click."""

from __future__ import annotations

import re
import time

from playwright.sync_api import FrameLocator, Locator, Page, TimeoutError, expect  # noqa: A004 - Playwright's own

from tests.e2e.system import DAG_ID, System, Team

# Airflow's pages come within a second or two; beside a long test run on two cores they took twenty.
PAGE_MS = 60_000
# The run of two small teams takes a minute and a half, most of it in dbt; beside others it took six.
RUN_SECONDS = 1_500
MENU_MS, MENU_ATTEMPTS = 10_000, 5
FIRST_PART = "What to load"  # of the run's parameters, which the form folds away


def log_in(page: Page, system: System, user: str = "admin") -> None:
    """Through the form, to Airflow's home page."""
    send_log_in(page, user, system.passwords[user])
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def send_log_in(page: Page, user: str, password: str) -> None:
    """Fills in the form and sends it, whatever comes of it."""
    page.goto("/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def choose_theme(page: Page, theme: str) -> None:
    """Light or dark, in Airflow's own menu."""
    for attempts_left in reversed(range(MENU_ATTEMPTS)):
        page.get_by_role("button", name="User").click()
        page.get_by_role("menuitem", name="Appearance").click()
        try:
            page.get_by_role("menuitemradio", name=f"{theme.capitalize()} Mode").click(timeout=MENU_MS)
        except TimeoutError:
            # Airflow's menu closes by itself where the page below it is still being drawn.
            if not attempts_left:
                raise
            page.keyboard.press("Escape")
        else:
            break
    expect(page.locator("html")).to_have_class(re.compile(rf"\b{theme}\b"))
    page.keyboard.press("Escape")


def open_connection_form(page: Page) -> Locator:
    """The form for a new connection, with Cursor's type chosen."""
    page.goto("/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.get_by_role("combobox", name="Connection Type").click()
    page.keyboard.type("Cursor Admin API")
    page.keyboard.press("Enter")
    expect(form.get_by_label("Admin API key")).to_be_visible()
    return form


def fill_connection_form(form: Locator, team: Team) -> None:
    """Fills in what leads to a team; its extra fields are open afterwards."""
    form.get_by_label("Connection ID").fill(team.connection_id)
    form.get_by_label("Base URL").fill(team.url)
    form.get_by_label("Admin API key").fill(team.key)
    open_part(form, "Extra Fields")
    extra_field(form, "Team ID").fill(team.team_id)
    # The simulator answers as fast as it is asked; the default is the real API's limit.
    extra_field(form, "Requests per minute").fill("6000")


def extra_field(form: Locator, label: str) -> Locator:
    """The box beside a label. Airflow (3.3) does not tie the two together for a screen reader, nor for us."""
    return form.get_by_role("group").filter(has_text=label).get_by_role("textbox")


def save(page: Page, form: Locator, connection_id: str) -> None:
    """Saves the form and waits for the connection's row."""
    form.get_by_role("button", name="Save").click()
    expect(row_of(page, connection_id)).to_be_visible()


def remove_connection(system: System, connection_id: str) -> None:
    """Where it is there: a system that is kept up has those of the last time."""
    with system.api() as api:
        if api.delete(f"/connections/{connection_id}").status_code not in {204, 404}:
            raise AssertionError(f"The connection {connection_id} could not be deleted.")


def row_of(page: Page, connection_id: str) -> Locator:
    """A connection's row in the list."""
    return page.get_by_role("row").filter(has=page.get_by_role("cell", name=connection_id, exact=True))


def press_test(page: Page, connection_id: str) -> Locator:
    """Presses *Test* beside a connection; the notification with the answer, which Airflow (3.3) shows for 2 s only."""
    page.goto("/connections")
    row_of(page, connection_id).get_by_role("button", name="Test Connection").click()
    return page.get_by_role("status").filter(has_text="Test Connection")


def open_trigger_form(page: Page) -> Locator:
    """The form that asks for the run's parameters."""
    page.goto(f"/dags/{DAG_ID}")
    page.get_by_role("button", name="Trigger Dag").click()
    form = page.get_by_role("dialog")
    # Its parameters come after it.
    expect(form.get_by_role("button", name=FIRST_PART)).to_be_visible()
    return form


def open_part(form: Locator, name: str) -> None:
    """Opens a folded part of a form."""
    part = form.get_by_role("button", name=name, exact=True)
    if part.get_attribute("aria-expanded") == "false":
        part.click()


def trigger(page: Page, system: System) -> str:
    """Triggers the DAG with the form's defaults, and switches it on where it is off; returns the new run's id.

    Airflow's form (3.3) would switch it on with a request beside that for the run. On SQLite the one can wait for the
    other until both have waited five seconds; then it is answered with a 500, and the run waits for ever.
    """
    before = {run["dag_run_id"] for run in system.runs()}
    is_off = not system.is_on()
    form = open_trigger_form(page)
    if is_off:
        form.get_by_text(f"Unpause {DAG_ID} on trigger").click()
        expect(form.get_by_role("checkbox", name="Unpause")).not_to_be_checked()
    form.get_by_role("button", name="Trigger", exact=True).click()
    expect(form).to_be_hidden()
    until = time.monotonic() + PAGE_MS / 1000
    while time.monotonic() < until:
        for run in system.runs():
            if run["dag_run_id"] not in before:
                if is_off:
                    system.switch_on()
                return str(run["dag_run_id"])
        page.wait_for_timeout(500)
    raise AssertionError("The form was sent, but no run came of it.")


def watch_until_over(page: Page, run_id: str) -> str:
    """Looks at the run's page, which renews itself, until its state is final; returns the word."""
    page.goto(f"/dags/{DAG_ID}/runs/{run_id}")
    badge = run_state(page)
    expect(badge).to_have_text(re.compile("Success|Failed"), timeout=RUN_SECONDS * 1000)
    return badge.inner_text().strip()


def run_state(page: Page) -> Locator:
    """The run's own state on its page, where each of its tasks has one too."""
    return page.get_by_test_id("header-card").get_by_test_id("state-badge")


def open_cursor_page(page: Page) -> FrameLocator:
    """Clicks Cursor in Airflow's navigation; returns the page inside Airflow's."""
    page.goto("/")
    page.get_by_test_id("nav-sidebar").get_by_role("link", name="Cursor").click()
    frame = page.frame_locator('iframe[title="Cursor"]')
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    return frame


def wait_until_drawn(content: FrameLocator | Page) -> None:
    """Scrolls to the first chart, as charts are drawn when they come near the screen, and waits for its lines."""
    drawing = content.locator("figure.chart .drawing").first
    drawing.scroll_into_view_if_needed()
    expect(drawing.locator("svg")).to_be_visible()
