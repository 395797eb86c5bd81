// The page on the management port, in headless Chromium: its content and actions, keyboard use, a narrow screen, dark
// mode, and outages of GitHub and of the service. The stand-in for GitHub has 150 repositories and 12 members.
//
// Usage: see run.sh, which starts everything and sets the environment
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';

const { PAGE, SERVICE, SERVICE_PID, GITHUB_PID, DESCRIPTIONS, PICTURES, CHROMIUM } = process.env;
const TOKEN = 'admin-token-of-the-page';
const LIST = '/orgs/Netflix/repos';

let browser;
let page;
let errors;
let asked;

before(async () => {
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});

after(() => browser?.close());

async function open(options = {}) {
  page = await browser.newPage({ viewport: { width: 1100, height: 1000 }, colorScheme: 'light', ...options });
  page.setDefaultTimeout(15000);
  errors = [];
  asked = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(PAGE);
  await page.locator('#state', { hasText: 'answers' }).waitFor();
  await bars(10);
}

beforeEach(() => open());
afterEach(() => page.close());

const row = (path) => page.locator(`tr[data-path="${path}"]`);
const picture = (name) => page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });

async function bars(number) {
  await page.waitForFunction((wanted) => document.querySelectorAll('#chart li').length === wanted, number);
}

// the labels, values and bar lengths (in percent) of the chart
const drawn = () =>
  page
    .locator('#chart li')
    .evaluateAll((items) =>
      items.map((item) => [
        item.children[0].textContent,
        item.children[2].textContent,
        Math.round(parseFloat(item.querySelector('.bar i').style.width)),
      ]),
    );

async function served(path) {
  const answer = await fetch(SERVICE + path);
  assert.equal(answer.status, 200);
  return answer.json();
}

const expected = (rows) =>
  rows.map(([label, value]) => [
    label,
    value.toLocaleString('en'),
    rows.every((each) => each[1] === 0) ? 0 : Math.round((100 * value) / Math.max(...rows.map((each) => each[1]))),
  ]);

const next = () => page.waitForResponse((response) => response.url().endsWith('/admin/endpoints'));

async function allowed() {
  await page.locator('#ask[open]').waitFor();
  await page.locator('#token').fill(TOKEN);
}

test('shows every endpoint, and the view that clients get', async () => {
  const paths = await page.locator('#endpoints tr').evaluateAll((rows) => rows.map((each) => each.dataset.path));
  assert.deepEqual(paths, ['/', '/orgs/Netflix', '/orgs/Netflix/members', LIST]);
  assert.match(await row(LIST).innerText(), /\d+ (ms|s|min) of 5 min\s+150 items, [\d.]+ KB/);
  assert.match(await row(LIST).innerText(), /this instance/);
  assert.match(await page.locator('#instances').innerText(), /^1 .+ \(this one\)$/);
  assert.match(await page.locator('#budget').innerText(), /^[\d,]+ of 100,000 left until \d\d:\d\d:\d\d$/);
  assert.match(await page.locator('#store').innerText(), /answers/);
  const names = await page.locator('#view option').allTextContents();
  const ranked = ['forks', 'last_updated', 'open_issues', 'sources', 'stars', 'watchers'];
  assert.deepEqual(names.sort(), ['language_stars', 'languages', ...ranked].sort());
  await page.locator('#view').selectOption('stars');
  await page.locator('#about', { hasText: 'stargazers_count' }).waitFor();
  const rows = await served('/view/top/10/stars');
  await page.waitForFunction(
    (first) => document.querySelector('#chart b').textContent === first,
    rows[0][1].toLocaleString('en'),
  );
  assert.deepEqual(await drawn(), expected(rows));
  assert.deepEqual(errors, []);
  await picture('wide');
});

test('draws another view, order and number of rows', async () => {
  await page.locator('#view').selectOption('forks');
  await page.getByLabel('bottom').check();
  await page.getByLabel('Rows').fill('25');
  await bars(25);
  const rows = await served('/view/bottom/25/forks');
  await page.waitForFunction((first) => document.querySelector('#chart li span').textContent === first, rows[0][0]);
  assert.deepEqual(await drawn(), expected(rows));
  await page.getByLabel('Rows').fill('3');
  await bars(3);
  await page.getByLabel('Rows').fill('0');
  await page.locator('#view').selectOption('last_updated');
  await page.getByLabel('Rows').fill('5');
  await bars(5);
  const times = await served('/view/bottom/5/last_updated');
  await page.waitForFunction((first) => document.querySelector('#chart b').textContent === first, times[0][1]);
  assert.deepEqual(
    (await drawn()).map(([label, value]) => [label, value]),
    times,
  );
  await picture('times');
});

test('refresh asks for the token, rejects a wrong one, and shows the result', async () => {
  const changed = () => row(LIST).locator('td').nth(3).innerText();
  const first = await changed();
  writeFileSync(DESCRIPTIONS, 'changed for the page\n');
  await row(LIST).getByRole('button', { name: 'Refresh' }).click();
  await page.locator('#ask[open]').waitFor();
  await page.locator('#token').fill('no field can have a – in it');
  await page.locator('#ask-yes').click();
  await page.locator('#ask-why', { hasText: 'Wrong ADMIN_TOKEN' }).waitFor();
  await page.locator('#token').fill('not-the-token-of-the-page');
  await picture('token');
  await page.locator('#ask-yes').click();
  await page.locator('#ask-why', { hasText: 'Wrong ADMIN_TOKEN' }).waitFor();
  await page.locator('#token').fill(TOKEN);
  await page.locator('#ask-yes').click();
  await page.locator('#done', { hasText: `requested a refresh of ${LIST}` }).waitFor();
  await page.waitForFunction(
    ([path, before]) => document.querySelector(`tr[data-path="${path}"]`).children[3].innerText !== before,
    [LIST, first],
  );
  const repositories = await served(LIST);
  assert.ok(repositories.some((each) => each.description === 'changed for the page'));
  // the page remembers the token until it is left
  await row('/').getByRole('button', { name: 'Refresh' }).click();
  await page.locator('#done', { hasText: 'requested a refresh of /' }).waitFor();
  assert.equal(await page.locator('#token').inputValue(), '');
  assert.ok(asked.every((url) => !url.includes(TOKEN)));
  assert.ok(!(await page.content()).includes(TOKEN));
  assert.equal(
    await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])),
    '[{},{},""]',
  );
});

test('purges one path; a cancelled purge does nothing', async () => {
  const hit = async () => (await fetch(`${SERVICE}/repos/Netflix/zuul`)).headers.get('cache-status');
  while (!(await hit()).includes('; hit')); // until the response is stored
  await page.locator('#what').fill('/repos/Netflix/zuul');
  await page.locator('#purge-path').click();
  await page.locator('#ask[open]').waitFor();
  await page.locator('#ask-no').click();
  assert.match(await hit(), /; hit/);
  await page.locator('#purge-path').click();
  await allowed();
  await page.locator('#ask-yes').click();
  await page.locator('#done', { hasText: 'purged /repos/Netflix/zuul' }).waitFor();
  assert.doesNotMatch(await hit(), /; hit/);
  await row('/orgs/Netflix').getByRole('button', { name: 'Purge' }).click();
  await allowed();
  await page.locator('#ask-yes').click();
  await page.locator('#done', { hasText: 'purged /orgs/Netflix' }).waitFor();
  assert.equal((await served('/orgs/Netflix')).login, 'Netflix');
});

test('an action during another one waits for its end', async () => {
  let refuse;
  const pressed = new Promise((resolve) => (refuse = resolve));
  await page.route('**/admin/purge*', async (route) => {
    await pressed;
    await route.continue();
  });
  await row('/').getByRole('button', { name: 'Purge' }).click();
  await page.locator('#ask[open]').waitFor();
  await page.locator('#token').fill('not-the-token-of-the-page');
  await page.locator('#ask-yes').click();
  await row('/orgs/Netflix').getByRole('button', { name: 'Refresh' }).click();
  refuse();
  await page.locator('#ask-why', { hasText: 'Wrong ADMIN_TOKEN' }).waitFor();
  assert.equal(await page.locator('#ask-title').innerText(), 'Purge /?');
  await page.locator('#ask-no').click();
  await page.locator('#ask-title', { hasText: 'Refresh /orgs/Netflix?' }).waitFor();
  await allowed();
  await page.locator('#ask-yes').click();
  await page.locator('#done', { hasText: 'requested a refresh of /orgs/Netflix' }).waitFor();
  assert.equal(asked.filter((url) => url.includes('/admin/purge')).length, 1);
});

test('works with the keyboard alone', async () => {
  const focused = () =>
    page.evaluate(() => {
      const { ariaLabel, id, name, type } = document.activeElement;
      return ariaLabel || id || `${name} ${type}`;
    });
  const focusOrder = [];
  for (let i = 0; i < 15; i++) {
    await page.keyboard.press('Tab');
    focusOrder.push(await focused());
  }
  assert.deepEqual(focusOrder.slice(0, 15), [
    'Refresh /',
    'Purge /',
    'Refresh /orgs/Netflix',
    'Purge /orgs/Netflix',
    'Refresh /orgs/Netflix/members',
    'Purge /orgs/Netflix/members',
    `Refresh ${LIST}`,
    `Purge ${LIST}`,
    'what',
    'below',
    'purge-path',
    'view',
    'order radio',
    'n',
    focusOrder[14],
  ]);
  for (let i = 0; i < 15 && (await focused()) !== `Refresh ${LIST}`; i++) await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.locator('#ask[open]').waitFor();
  assert.equal(await focused(), 'token');
  await page.keyboard.press('Escape');
  await page.locator('#ask').waitFor({ state: 'hidden' });
  assert.equal(await focused(), `Refresh ${LIST}`);
  await page.keyboard.press('Enter');
  await page.locator('#ask[open]').waitFor();
  await page.keyboard.type(TOKEN);
  await page.keyboard.press('Enter');
  await page.locator('#done', { hasText: 'requested a refresh of' }).waitFor();
});

test('updates itself without touching unchanged elements', async () => {
  await page.evaluate(() => {
    window.changes = [];
    new MutationObserver((all) =>
      window.changes.push(...all.map((each) => each.target.closest?.('tr, ol')?.id ?? each.type)),
    ).observe(document.querySelector('#views-title').parentNode, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  });
  const button = await row(LIST).getByRole('button', { name: 'Refresh' }).elementHandle();
  await button.focus();
  const age = await row(LIST).locator('td').nth(1).innerText();
  for (let i = 0; i < 3; i++) await next();
  await page.waitForFunction(
    ([path, before]) => document.querySelector(`tr[data-path="${path}"]`).children[1].innerText !== before,
    [LIST, age],
  );
  assert.deepEqual(await page.evaluate(() => window.changes), []);
  assert.ok(await button.evaluate((node) => node.isConnected && node === document.activeElement));
});

test('shows the hit ratio', async () => {
  for (let i = 0; i < 50; i++) await served('/view/top/1/stars');
  await page.locator('#ratio', { hasText: /[\d.]+ % of [\d,]+; in the last \d+ s [\d.]+ % of \d+/ }).waitFor();
});

test('fits a narrow screen', async () => {
  await page.setViewportSize({ width: 400, height: 800 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 400, `it is ${width} wide`);
  for (const name of ['Refresh', 'Purge']) {
    const box = await row(LIST).getByRole('button', { name }).boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 400);
  }
  await picture('narrow');
});

test('dark mode is dark and has enough contrast', async () => {
  await page.close();
  await open({ colorScheme: 'dark' });
  const luminance = (css) => {
    const [r, g, b] = css
      .match(/\d+/g)
      .map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const scheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: scheme });
    const [ground, ...inks] = await page.evaluate(() =>
      ['section', 'h2', 'dt', '#endpoints td', '.soft'].map((of, i) => {
        const style = getComputedStyle(document.querySelector(of));
        return i === 0 ? style.backgroundColor : style.color;
      }),
    );
    assert.equal(luminance(ground) < 0.1, scheme === 'dark');
    for (const ink of inks) {
      const [low, high] = [luminance(ground), luminance(ink)].sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${ink} on ${ground}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture('dark');
});

test('requests nothing from other servers', async () => {
  await next();
  assert.deepEqual(
    asked.filter((url) => !url.startsWith(PAGE) && !url.startsWith('data:')),
    [],
  );
  const inserted = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    return window.ran === true;
  });
  assert.equal(inserted, false, 'an injected script has run');
});

// from here on GitHub is down
test('shows the last failure and keeps the cached endpoint', async () => {
  process.kill(Number(GITHUB_PID), 'SIGKILL');
  await row(LIST).getByRole('button', { name: 'Refresh' }).click();
  await allowed();
  await page.locator('#ask-yes').click();
  await row(LIST)
    .locator('td.failure', { hasText: /^1 in a row: .*cannot be reached.*; again in \d+ s$/ })
    .waitFor();
  assert.match(await row(LIST).innerText(), /150 items/);
  await picture('failing');
});

test('reports a hanging service and its recovery', async () => {
  process.kill(Number(SERVICE_PID), 'SIGSTOP');
  try {
    await page.locator('#state', { hasText: 'does not answer' }).waitFor();
  } finally {
    process.kill(Number(SERVICE_PID), 'SIGCONT');
  }
  await page.locator('#state', { hasText: /^answers/ }).waitFor();
});

// must be last: it stops the service
test('reports a stopped service and keeps the last content', async () => {
  process.kill(Number(SERVICE_PID), 'SIGTERM');
  await page.locator('#state', { hasText: 'does not answer. What is below is of' }).waitFor();
  assert.equal(await page.locator('#endpoints tr').count(), 4);
  await picture('gone');
});
