// @octokit/rest with its throttling and retry plugins; only its base URL is changed. Octokit's hooks record each
// request and the Cache-Status of its response. The stand-in for GitHub has 150 repositories and 12 members, and
// accepts the token "demo-token" of octocat: see src/standin.
//
// Usage: see run.sh, which starts everything and sets the environment
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { GraphqlResponseError } from '@octokit/graphql';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { RequestError } from '@octokit/request-error';
import { Octokit } from '@octokit/rest';

console.log(`@octokit/core ${Octokit.VERSION}`);
const service = process.env.SERVICE;
const org = 'Netflix';
const zuul = { owner: org, repo: 'zuul' };
const readme = '# Netflix/zuul\n\nRead me – naïve café ☁️.\n';

let met = [];
const refuse = (seconds, options) => assert.fail(`limited for ${seconds} s at ${options.url}`);

function client(auth = 'demo-token', kind = Octokit.plugin(throttling, retry)) {
  const octokit = new kind({
    baseUrl: service,
    auth,
    throttle: { onRateLimit: refuse, onSecondaryRateLimit: refuse },
  });
  const note = ({ url, headers }) => void met.push({ url, how: headers['cache-status'] ?? 'not by the service' });
  octokit.hook.after('request', note);
  octokit.hook.error('request', (error) => {
    note(error.response);
    throw error;
  });
  return octokit;
}

function assertAllServedByTheService(requests) {
  assert.deepEqual(met.filter(({ url }) => !url.startsWith(`${service}/`)), []);
  assert.deepEqual(met.filter(({ how }) => !how.startsWith('camel-rest-cache; ')), []);
  assert.equal(met.length, requests);
}

function assertAllHits() {
  assert.deepEqual(met.filter(({ how }) => !how.startsWith('camel-rest-cache; hit;')), []);
}

function refused(status, message) {
  return (error) => {
    assert.ok(error instanceof RequestError, `${error} is a RequestError`);
    assert.equal(error.status, status);
    assert.match(error.message, message);
    return true;
  };
}

beforeEach(() => {
  met = [];
});

// pages

test('repositories are paginated once each, in order', async () => {
  const octokit = client();
  const whole = (await octokit.rest.repos.listForOrg({ org })).data.map(({ id }) => id);
  met = [];
  const paged = await octokit.paginate(octokit.rest.repos.listForOrg, { org, per_page: 40 });
  assert.deepEqual(paged.map(({ id }) => id), whole);
  assert.equal(new Set(whole).size, 150);
  assertAllServedByTheService(4);
  assertAllHits();
});

test('members are paginated once each, in order', async () => {
  const octokit = client();
  const paged = await octokit.paginate(octokit.rest.orgs.listMembers, { org, per_page: 5 });
  assert.deepEqual(paged.map(({ login }) => login), Array.from({ length: 12 }, (_, i) => `member-${i + 1}`));
  assertAllServedByTheService(3);
  assertAllHits();
});

test('pages of a forwarded list come through the service', async () => {
  const octokit = client();
  const open = (await octokit.rest.repos.get(zuul)).data.open_issues_count;
  met = [];
  const paged = await octokit.paginate(octokit.rest.issues.listForRepo, { ...zuul, per_page: 10 });
  assert.deepEqual(paged.map(({ number }) => number), Array.from({ length: open }, (_, i) => open - i));
  assertAllServedByTheService(Math.ceil(open / 10));
});

// validators

for (const [what, route, parameters] of [
  ['object', 'GET /repos/{owner}/{repo}', zuul],
  ['page', 'GET /orgs/{org}/repos', { org, per_page: 50 }],
]) {
  test(`unchanged ${what} is an error of status 304 without content`, async () => {
    const octokit = client();
    const { headers } = await octokit.request(route, parameters);
    assert.ok(headers.etag);
    const again = { ...parameters, headers: { 'if-none-match': headers.etag } };
    await assert.rejects(octokit.request(route, again), (error) => {
      refused(304, /^Not modified$/)(error);
      assert.equal(error.response.data, '');
      assert.equal(error.response.headers.etag, headers.etag);
      return true;
    });
    const other = await octokit.request(route, { ...parameters, headers: { 'if-none-match': '"other"' } });
    assert.equal(other.status, 200);
    assertAllServedByTheService(3);
  });
}

test('If-Modified-Since of an unchanged object is an error of status 304', async () => {
  const octokit = client();
  const { headers } = await octokit.rest.repos.get(zuul);
  const changed = Date.parse(headers['last-modified']);
  const since = (time) => ({ ...zuul, headers: { 'if-modified-since': new Date(time).toUTCString() } });
  await assert.rejects(octokit.rest.repos.get(since(changed)), refused(304, /^Not modified$/));
  await assert.rejects(octokit.rest.repos.get(since(changed + 1000)), refused(304, /^Not modified$/));
  assert.equal((await octokit.rest.repos.get(since(changed - 1000))).status, 200);
  assertAllServedByTheService(4);
});

test('a 304 does not count against the rate limit', async () => {
  const octokit = client();
  const used = async () => (await octokit.rest.rateLimit.get()).data.resources.core.used;
  const { headers } = await octokit.rest.repos.get(zuul);
  const before = await used();
  assert.ok(before > 0);
  for (let i = 0; i < 3; i++) {
    const again = octokit.rest.repos.get({ ...zuul, headers: { 'if-none-match': headers.etag } });
    await assert.rejects(again, refused(304, /./));
  }
  assert.equal(await used(), before);
});

// errors

test('a bad token is a RequestError of status 401', async () => {
  await assert.rejects(client('revoked').rest.repos.get(zuul), refused(401, /^Bad credentials - https:\/\/docs\./));
  assertAllServedByTheService(1);
});

test('a missing repository is a RequestError of status 404', async () => {
  const absent = client().rest.repos.get({ owner: org, repo: 'no-such-thing' });
  await assert.rejects(absent, refused(404, /^Not Found - https:\/\/docs\./));
  assertAllServedByTheService(1);
});

test('an error of the service is a RequestError with its sentence', async () => {
  const octokit = client('demo-token', Octokit); // the retry plugin would repeat the second request
  const page = 'https://github\\.com/camelrestcache/camel-rest-cache/blob/main/docs/errors\\.md';
  const invalid = octokit.request('GET /view/top/0/stars');
  await assert.rejects(invalid, refused(400, new RegExp(`1 to 100000.* - ${page}#bad-request$`)));
  const absent = octokit.request('GET /zen', { headers: { 'cache-control': 'only-if-cached' } });
  await assert.rejects(absent, refused(504, new RegExp(`^No fresh answer is stored.* - ${page}#gateway-timeout$`)));
});

test('an issue without a title is a RequestError of status 422 that names the field', async () => {
  const octokit = client();
  const route = 'POST /repos/{owner}/{repo}/issues';
  const without = octokit.request(route, { ...zuul, body: 'x' });
  await assert.rejects(without, refused(422, /"title" wasn't supplied\. - https/));
  await assert.rejects(octokit.request(route, { ...zuul, title: '' }), (error) => {
    refused(422, /^Validation Failed: /)(error);
    assert.deepEqual(error.response.data.errors, [{ resource: 'Issue', field: 'title', code: 'missing_field' }]);
    return true;
  });
  assertAllServedByTheService(2);
});

// redirects

test('a renamed repository is found under its new name', async () => {
  const octokit = client();
  const [first] = (await octokit.rest.repos.listForOrg({ org, per_page: 1 })).data;
  met = [];
  const { data, url } = await octokit.rest.repos.get({ owner: org, repo: 'old-name' });
  assert.equal(data.full_name, first.full_name);
  assert.equal(url, `${service}/repositories/${first.id}`);
  assertAllServedByTheService(1);
});

// media types

test('raw content is served byte for byte', async () => {
  const octokit = client();
  const raw = await octokit.rest.repos.getReadme({ ...zuul, headers: { accept: 'application/vnd.github.raw+json' } });
  assert.equal(raw.data, readme);
  assert.equal(raw.headers['content-type'], 'application/vnd.github.raw+json; charset=utf-8');
  assert.match(raw.headers['x-github-media-type'], /param=raw/);
  const file = await octokit.rest.repos.getContent({ ...zuul, path: 'README.md', mediaType: { format: 'raw' } });
  assert.equal(file.data, readme);
  const { data } = await octokit.rest.repos.getContent({ ...zuul, path: 'README.md' });
  assert.deepEqual(Buffer.from(data.content, data.encoding), Buffer.from(readme));
});

test('HTML is served unchanged', async () => {
  const octokit = client();
  const html = await octokit.rest.repos.getReadme({ ...zuul, headers: { accept: 'application/vnd.github.html+json' } });
  assert.equal(html.data, '<h1>Netflix/zuul</h1>\n<p>Read me – naïve café ☁️.</p>\n');
  assert.equal(html.headers['content-type'], 'application/vnd.github.html+json; charset=utf-8');
});

// writes

test('an issue is opened, edited, closed and listed', async () => {
  const octokit = client();
  const eureka = { owner: org, repo: 'eureka' };
  const created = await octokit.rest.issues.create({ ...eureka, title: 'A tïtle', body: 'A bödy ☁️' });
  assert.equal(created.status, 201);
  assert.equal(created.data.user.login, 'octocat');
  assert.equal(created.headers.location, `${service}/repos/${org}/eureka/issues/${created.data.number}`);
  const issue = { ...eureka, issue_number: created.data.number };
  const [listed] = (await octokit.rest.issues.listForRepo(eureka)).data;
  assert.deepEqual([listed.number, listed.title, listed.body], [issue.issue_number, 'A tïtle', 'A bödy ☁️']);
  await octokit.rest.issues.update({ ...issue, title: 'Another', state: 'closed', state_reason: 'not_planned' });
  const open = await octokit.paginate(octokit.rest.issues.listForRepo, { ...eureka, per_page: 100 });
  assert.ok(open.length > 0 && open.every(({ number }) => number !== issue.issue_number));
  const closed = (await octokit.rest.issues.listForRepo({ ...eureka, state: 'closed' })).data;
  assert.deepEqual(
    closed.map(({ number, title, state_reason }) => [number, title, state_reason]),
    [[issue.issue_number, 'Another', 'not_planned']],
  );
});

// GraphQL

test('GraphQL answers a query with variables', async () => {
  const query = `query ($owner: String!, $name: String!) {
    repository(owner: $owner, name: $name) { nameWithOwner stargazerCount }
  }`;
  const octokit = client();
  const stars = (await octokit.rest.repos.get(zuul)).data.stargazers_count;
  const { repository } = await octokit.graphql(query, { owner: org, name: 'zuul' });
  assert.deepEqual(repository, { nameWithOwner: 'Netflix/zuul', stargazerCount: stars });
  assert.deepEqual(await octokit.graphql('{ viewer { login } }'), { viewer: { login: 'octocat' } });
  await assert.rejects(octokit.graphql(query, { owner: org, name: 'no-such-thing' }), (error) => {
    assert.ok(error instanceof GraphqlResponseError, `${error} is a GraphqlResponseError`);
    assert.equal(error.errors[0].type, 'NOT_FOUND');
    return true;
  });
  assertAllServedByTheService(4);
});

// concurrency

for (const [what, kind] of [
  ['ten at a time', undefined],
  ['all at once', Octokit],
]) {
  test(`fifty parallel requests, ${what}, get their own responses`, async () => {
    const octokit = client('demo-token', kind);
    const names = (await octokit.rest.repos.listForOrg({ org, per_page: 50 })).data.map(({ name }) => name);
    assert.equal(new Set(names).size, 50);
    met = [];
    const found = await Promise.all(names.map((repo) => octokit.rest.repos.get({ owner: org, repo })));
    assert.deepEqual(found.map(({ data }) => data.name), names);
    assertAllServedByTheService(50);
  });
}
