package io.github.camelrestcache.standin;

/** GitHub's objects as its documentation shows them; {@code $name} is a slot for a value. */
final class Templates {
  static final String ACCOUNT =
      """
      {"login":"$login","id":$id,"node_id":"$node",
       "avatar_url":"https://avatars.githubusercontent.com/u/$id?v=4","gravatar_id":"",
       "url":"$url","html_url":"https://github.com/$login","followers_url":"$url/followers",
       "following_url":"$url/following{/other_user}","gists_url":"$url/gists{/gist_id}",
       "starred_url":"$url/starred{/owner}{/repo}","subscriptions_url":"$url/subscriptions",
       "organizations_url":"$url/orgs","repos_url":"$url/repos",
       "events_url":"$url/events{/privacy}",
       "received_events_url":"$url/received_events","type":"$type","user_view_type":"public",
       "site_admin":false}\
      """;

  static final String REPOSITORY =
      """
      {"id":$id,"node_id":"$node","name":"$name","full_name":"$org/$name","private":false,
       "owner":null,"html_url":"https://$site","description":null,"fork":$fork,"url":"$url",
       "forks_url":"$url/forks","keys_url":"$url/keys{/key_id}",
       "collaborators_url":"$url/collaborators{/collaborator}","teams_url":"$url/teams",
       "hooks_url":"$url/hooks","issue_events_url":"$url/issues/events{/number}",
       "events_url":"$url/events","assignees_url":"$url/assignees{/user}",
       "branches_url":"$url/branches{/branch}","tags_url":"$url/tags",
       "blobs_url":"$url/git/blobs{/sha}","git_tags_url":"$url/git/tags{/sha}",
       "git_refs_url":"$url/git/refs{/sha}","trees_url":"$url/git/trees{/sha}",
       "statuses_url":"$url/statuses/{sha}","languages_url":"$url/languages",
       "stargazers_url":"$url/stargazers","contributors_url":"$url/contributors",
       "subscribers_url":"$url/subscribers","subscription_url":"$url/subscription",
       "commits_url":"$url/commits{/sha}","git_commits_url":"$url/git/commits{/sha}",
       "comments_url":"$url/comments{/number}","issue_comment_url":"$url/issues/comments{/number}",
       "contents_url":"$url/contents/{+path}","compare_url":"$url/compare/{base}...{head}",
       "merges_url":"$url/merges","archive_url":"$url/{archive_format}{/ref}",
       "downloads_url":"$url/downloads","issues_url":"$url/issues{/number}",
       "pulls_url":"$url/pulls{/number}","milestones_url":"$url/milestones{/number}",
       "notifications_url":"$url/notifications{?since,all,participating}",
       "labels_url":"$url/labels{/name}","releases_url":"$url/releases{/id}",
       "deployments_url":"$url/deployments","created_at":"$created","updated_at":"$updated",
       "pushed_at":"$pushed","git_url":"git://$site.git","ssh_url":"git@github.com:$org/$name.git",
       "clone_url":"https://$site.git","svn_url":"https://$site","homepage":$homepage,
       "size":$size,"stargazers_count":$stars,"watchers_count":$stars,"language":$language,
       "has_issues":true,"has_projects":true,"has_downloads":true,"has_wiki":$wiki,
       "has_pages":false,"has_discussions":false,"forks_count":$forks,"mirror_url":null,
       "archived":$archived,"disabled":false,"open_issues_count":$issues,"license":$license,
       "allow_forking":true,"is_template":false,"web_commit_signoff_required":false,"topics":[],
       "visibility":"public","forks":$forks,"open_issues":$issues,"watchers":$stars,
       "default_branch":"main","permissions":
       {"admin":false,"maintain":false,"push":false,"triage":false,"pull":true}}\
      """;

  static final String LICENSE =
      """
      {"key":"apache-2.0","name":"Apache License 2.0","spdx_id":"Apache-2.0",
       "url":"https://api.github.com/licenses/apache-2.0","node_id":"MDc6TGljZW5zZTI="}\
      """;

  static final String MIT =
      LICENSE
          .replace("apache-2.0", "mit")
          .replace("Apache License 2.0", "MIT License")
          .replace("Apache-2.0", "MIT");

  static final String ISSUE =
      """
      {"url":"$url/issues/$number","repository_url":"$url",
       "labels_url":"$url/issues/$number/labels{/name}",
       "comments_url":"$url/issues/$number/comments","events_url":"$url/issues/$number/events",
       "html_url":"https://github.com/$repo/issues/$number","id":$id,"node_id":"$node",
       "number":$number,"title":"Issue $number","user":$user,"labels":[],"state":"open",
       "locked":false,"assignee":null,"assignees":[],"milestone":null,"comments":0,
       "created_at":"$created","updated_at":"$created","closed_at":null,
       "author_association":"MEMBER","active_lock_reason":null,"body":null,"state_reason":null}\
      """;

  static final String ORGANIZATION =
      """
      {"login":"$login","id":$id,"node_id":"$node","url":"$url","repos_url":"$url/repos",
       "events_url":"$url/events","hooks_url":"$url/hooks","issues_url":"$url/issues",
       "members_url":"$url/members{/member}","public_members_url":"$url/public_members{/member}",
       "avatar_url":"https://avatars.githubusercontent.com/u/$id?v=4",
       "description":"$login on the stand-in","name":"$login","company":null,
       "blog":"https://$login.invalid/","location":"Los Gatos, California","email":null,
       "twitter_username":null,"is_verified":true,"has_organization_projects":true,
       "has_repository_projects":true,"public_repos":$repos,"public_gists":0,"followers":20000,
       "following":0,"html_url":"https://github.com/$login","created_at":"2011-01-05T10:00:00Z",
       "updated_at":"2025-06-01T12:30:00Z","archived_at":null,"type":"Organization"}\
      """;

  static final String ROOT =
      """
      {"current_user_url":"$api/user","emails_url":"$api/user/emails","events_url":"$api/events",
       "gists_url":"$api/gists{/gist_id}","issues_url":"$api/issues",
       "notifications_url":"$api/notifications","organization_url":"$api/orgs/{org}",
       "organization_repositories_url":"$api/orgs/{org}/repos{?type,page,per_page,sort}",
       "rate_limit_url":"$api/rate_limit","repository_url":"$api/repos/{owner}/{repo}",
       "repository_search_url":"$api/search/repositories?q={query}{&page,per_page,sort,order}",
       "user_url":"$api/users/{user}",
       "user_repositories_url":"$api/users/{user}/repos{?type,page,per_page,sort}"}\
      """;

  static final String BLOB =
      """
      {"sha":"$sha","node_id":"$node","size":$size,"url":"$url/git/blobs/$sha",
       "content":"$content","encoding":"base64"}\
      """;

  static final String README =
      """
      {"name":"README.md","path":"README.md","sha":"$sha","size":$size,
       "url":"$url/contents/README.md?ref=main",
       "html_url":"https://github.com/$repo/blob/main/README.md","git_url":"$url/git/blobs/$sha",
       "download_url":"https://raw.githubusercontent.com/$repo/main/README.md","type":"file",
       "content":"$content","encoding":"base64"}\
      """;

  private Templates() {}
}
