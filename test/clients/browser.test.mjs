// A page of another origin, in headless Chromium.
//
// Usage: see run.sh, which starts everything and sets the environment
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const { SERVICE, GITHUB, CHROMIUM, TOKEN, REPO, SENTENCE } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
console.log(`Chromium ${browser.version()}`);
let page;
let server;

before(async () => {
  server = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>Another origin</title>');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
});

after(async () => {
  await browser.close();
  server?.close();
});

const call = (path, options = {}) =>
  page.evaluate(
    async ([url, given]) => {
      const answer = await fetch(url, given);
      const text = await answer.text();
      return { status: answer.status, fields: Object.fromEntries(answer.headers), body: text && JSON.parse(text) };
    },
    [SERVICE + path, options],
  );

test('a page reads a view, its fields, and validates it', async () => {
  const view = await call('/view/top/5/stars');
  assert.equal(view.body.length, 5);
  assert.match(view.fields['cache-status'], /; hit/);
  // a preflight allows If-None-Match, and no-store keeps the browser's own cache out
  const same = await call('/view/top/5/stars', { headers: { 'If-None-Match': view.fields.etag }, cache: 'no-store' });
  assert.equal(same.status, 304);
  const list = await call('/orgs/Netflix/repos?per_page=100');
  assert.equal(list.body.length, 100);
  assert.match(list.fields.link, new RegExp(`<${SERVICE}/orgs/Netflix/repos\\?per_page=100&page=2>; rel="next"`));
});

test('a page reads and writes with its own credential', async () => {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const path = `/repos/Netflix/${REPO}`;
  assert.equal((await call(path, { headers })).body.name, REPO);
  const again = await call(path, { headers, cache: 'no-store' }); // the browser adds no-cache
  assert.match(again.fields['cache-status'], /; fwd=request; fwd-status=(200|304)/);
  assert.ok(again.fields['x-ratelimit-remaining']);
  const json = { ...headers, 'Content-Type': 'application/json' };
  const issue = await call(`${path}/issues`, { method: 'POST', headers: json, body: '{"title":"Of a page"}' });
  assert.equal(issue.status, 201);
  assert.equal(issue.fields.location, `${SERVICE}${path}/issues/${issue.body.number}`);
  const lines = (await (await fetch(`${GITHUB}/-/requests`)).text()).split('\n');
  assert.equal(lines.filter((line) => line.startsWith('OPTIONS')).length, 0);
  assert.equal(lines.filter((line) => line.startsWith(`POST ${path}/issues Bearer ${TOKEN}`)).length, 1);
});

test('a page sees the sentence of an error', async () => {
  const { status, body } = await call('/view/top/0/stars');
  assert.equal(status, 400);
  assert.ok(body.message.includes(SENTENCE), body.message);
});
