"""PyGithub, by TLS. Only base_url, the token and the certificate to verify are set."""

import os
import re
import urllib.request
from importlib import metadata

import github

SERVICE, REPO, TOKEN = (os.environ[name] for name in ("SERVICE", "REPO", "TOKEN"))
NAME = f"Netflix/{REPO}"


def asked(request):
    with urllib.request.urlopen(os.environ["GITHUB"] + "/-/requests") as lines:
        return len(re.findall(f"^{request}[ ?]", lines.read().decode(), re.MULTILINE))


def refusal(call):
    try:
        call()
    except github.GithubException as error:
        return f"{type(error).__name__} {error}"
    return None


print("PyGithub", metadata.version("PyGithub"))
client = github.Github(TOKEN, base_url=SERVICE, verify=os.environ["SSL_CERT_FILE"])
assert client.get_user().login == "octocat"
repos = list(client.get_organization("Netflix").get_repos())
assert len({each.name for each in repos}) == 150
assert asked("GET /orgs/Netflix/repos") == 0
repo = client.get_repo(NAME)
assert "stored" in repo.raw_headers["cache-status"], repo.raw_headers
assert repo.url == f"{SERVICE}/repos/{NAME}", repo.url
assert "hit" in client.get_repo(NAME).raw_headers["cache-status"]
assert asked(f"GET /repos/{NAME}") == 1
issue = repo.create_issue("A title")
issue.edit(state="closed")  # at the URL in the JSON of the issue
assert issue.number not in [each.number for each in repo.get_issues()]
assert asked(f"PATCH /repos/{NAME}/issues/{issue.number}") == 1
assert repo.get_readme().decoded_content.startswith(f"# {NAME}".encode())
assert "UnknownObjectException" in refusal(lambda: client.get_repo("Netflix/none"))
seen = refusal(lambda: client.get_repo("Netflix/zuul", lazy=True)._requester.requestJsonAndCheck("GET", "/view/top/0/stars"))
assert os.environ["SENTENCE"] in seen, seen
