// @octokit/rest with @octokit/auth-app: only the base URL and the App's own data are set.
//
// Usage: see run.sh, which starts everything and sets the environment
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';

console.log(`@octokit/core ${Octokit.VERSION}`);
const { SERVICE, GITHUB, APP_KEY, REPO } = process.env;
const ways = [];

const asked = async (request) => {
  const lines = (await (await fetch(`${GITHUB}/-/requests`)).text()).split('\n');
  return lines.filter((line) => line.startsWith(request));
};

const app = (auth = {}) => {
  const octokit = new Octokit({
    baseUrl: SERVICE,
    authStrategy: createAppAuth,
    auth: { appId: 4711, privateKey: readFileSync(APP_KEY, 'utf8'), installationId: 815, ...auth },
  });
  octokit.hook.after('request', ({ headers }) => void ways.push(headers['cache-status']));
  return octokit;
};

test('an App gets its token through the service, once', async () => {
  const octokit = app();
  const get = () => octokit.rest.repos.get({ owner: 'Netflix', repo: REPO });
  assert.equal((await get()).data.name, REPO);
  assert.equal((await get()).data.name, REPO);
  assert.deepEqual(
    ways.map((way) => way.replace(/ttl=\d+/, 'ttl')),
    [
      'camel-rest-cache; fwd=method; fwd-status=201',
      'camel-rest-cache; fwd=uri-miss; fwd-status=200; stored',
      'camel-rest-cache; hit; ttl',
    ],
  );
  const { token } = await octokit.auth({ type: 'installation' });
  assert.equal((await asked('POST /app/installations/815/access_tokens ')).length, 1);
  assert.deepEqual(await asked(`GET /repos/Netflix/${REPO} `), [`GET /repos/Netflix/${REPO} token ${token}`]);
});

test('an App is identified by its JSON web token', async () => {
  const octokit = app();
  assert.equal((await octokit.rest.apps.getAuthenticated()).data.slug, 'the-app');
  assert.equal((await octokit.rest.apps.getOrgInstallation({ org: 'Netflix' })).data.id, 815);
});

test('an unknown App is an error of status 401', async () => {
  await assert.rejects(app({ appId: 1 }).rest.repos.get({ owner: 'Netflix', repo: REPO }), {
    status: 401,
    message: /^A JSON web token could not be decoded/,
  });
});
