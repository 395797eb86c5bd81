package io.github.camelrestcache.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.GitHubData.Repository;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * GitHub's objects as JSON: fields and their order as in its documentation, values made from the
 * arguments alone, so that every run has the same. URLs in them name api.github.com.
 */
final class GitHubJson {
  static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String API = "https://api.github.com";
  private static final Pattern SLOT = Pattern.compile("\\$(\\w+)");
  private static final Instant FIRST = Instant.parse("2011-01-05T10:00:00Z");
  static final Instant LAST = Instant.parse("2025-06-01T12:30:00Z");

  private static final List<String> NAMES =
      List.of(
          ("Hystrix eureka zuul conductor chaosmonkey astyanax curator archaius ribbon Priam asgard"
                  + " SimianArmy feign governator atlas servo genie dynomite vizceral Turbine metaflow"
                  + " falcor pollyjs security_monkey bless consoleme dgs-framework lemur maestro"
                  + " concurrency-limits mantis titus flamescope vectorflow repokid hollow spectator"
                  + " iceberg dispatch unleash")
              .split(" "));
  private static final List<String> FIRST_WORDS =
      List.of("amber brisk coral dusty eager fable ghost hazel ionic jolly".split(" "));
  private static final List<String> LAST_WORDS =
      List.of("anvil beacon cargo delta engine funnel garden harbor index journal".split(" "));
  private static final List<String> LANGUAGES =
      List.of("Java", "Python", "Go", "TypeScript", "Scala", "Jupyter Notebook", "C++");
  private static final List<String> DESCRIPTIONS =
      List.of(
          "Keeps calls to slow or broken services from taking everything else down with them.",
          "Finds the instances of a service in the cloud, for balancing and failover.",
          "Orchestration – für Dienste, die länger laufen als eine Anfrage ☁️",
          "映像配信のためのツール群 (tools for video delivery)",
          "A small library with \"quotes\", back\\slashes and <b>markup</b> & ampersands",
          "Naïve café résumé: encoding tests, tout simplement 🎬🍿",
          "Потоковая обработка событий в реальном времени");

  private static final String ACCOUNT =
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

  private static final String REPOSITORY =
      """
      {"id":$id,"node_id":"$node","name":"$name","full_name":"$org/$name","private":false,
       "owner":null,"html_url":"https://$site","description":null,"fork":false,"url":"$url",
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

  private static final String LICENSE =
      """
      {"key":"apache-2.0","name":"Apache License 2.0","spdx_id":"Apache-2.0",
       "url":"https://api.github.com/licenses/apache-2.0","node_id":"MDc6TGljZW5zZTI="}\
      """;

  private static final String ISSUE =
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

  private static final String ORGANIZATION =
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

  private static final String ROOT =
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

  private static final String BLOB =
      """
      {"sha":"$sha","node_id":"$node","size":$size,"url":"$url/git/blobs/$sha",
       "content":"$content","encoding":"base64"}\
      """;

  private static final String README =
      """
      {"name":"README.md","path":"README.md","sha":"$sha","size":$size,
       "url":"$url/contents/README.md?ref=main",
       "html_url":"https://github.com/$repo/blob/main/README.md","git_url":"$url/git/blobs/$sha",
       "download_url":"https://raw.githubusercontent.com/$repo/main/README.md","type":"file",
       "content":"$content","encoding":"base64"}\
      """;

  private GitHubJson() {}

  /** The name of the repository at that place: names known from Netflix, then made-up ones. */
  static String repositoryName(int index) {
    if (index < NAMES.size()) {
      return NAMES.get(index);
    }
    return FIRST_WORDS.get(index % 10) + '-' + LAST_WORDS.get(index / 10 % 10) + '-' + index;
  }

  static ObjectNode root() {
    return fill(ROOT, Map.of("api", API));
  }

  static ObjectNode organization(String login, long id, int repositories) {
    return fill(
        ORGANIZATION,
        Map.of(
            "login", login,
            "id", id,
            "node", node("12:Organization", id),
            "url", API + "/orgs/" + login,
            "repos", repositories));
  }

  /** A user or, in the owner of a repository, an organization. */
  static ObjectNode account(String login, long id, String type) {
    return fill(
        ACCOUNT,
        Map.of(
            "login", login,
            "id", id,
            "type", type,
            "node", node(type.equals("User") ? "04:User" : "12:Organization", id),
            "url", API + "/users/" + login));
  }

  static ObjectNode repository(ObjectNode owner, long id, String name, int index) {
    String org = owner.path("login").asText();
    Random random = new Random(0x5EED_0000L + index * 2_654_435_761L);
    boolean known = index < NAMES.size();
    int rank = index * 7 % NAMES.size();
    Instant updated = LAST.minus(Duration.ofDays(random.nextInt(400)));
    ObjectNode repository =
        fill(
            REPOSITORY,
            Map.ofEntries(
                Map.entry("id", id),
                Map.entry("node", node("010:Repository", id)),
                Map.entry("name", name),
                Map.entry("org", org),
                Map.entry("site", "github.com/" + org + '/' + name),
                Map.entry("url", API + "/repos/" + org + '/' + name),
                Map.entry("created", FIRST.plus(Duration.ofDays(4500L * index / (index + 200)))),
                Map.entry("updated", updated),
                Map.entry("pushed", updated.minusSeconds(random.nextInt(1_000_000))),
                Map.entry("homepage", index % 4 == 0 ? "\"https://example.invalid/\"" : "null"),
                Map.entry("size", 10 + random.nextInt(50_000)),
                Map.entry("stars", known ? 24_000 - rank / 2 * 900 : square(random, 30)),
                Map.entry("forks", known ? 4_700 - rank / 3 * 300 : square(random, 15)),
                Map.entry("issues", known ? 35 + random.nextInt(60) : random.nextInt(9)),
                Map.entry("language", index % 9 == 8 ? "null" : '"' + pick(LANGUAGES, index) + '"'),
                Map.entry("wiki", random.nextBoolean()),
                Map.entry("archived", index % 13 == 12),
                Map.entry("license", index % 7 == 6 ? "null" : LICENSE)));
    repository.set("owner", owner.deepCopy());
    if (index % 11 != 10) {
      repository.put("description", pick(DESCRIPTIONS, index));
    }
    ArrayNode topics = repository.withArray("topics");
    for (int i = index % 5; i > 0; i--) {
      topics.add(pick(LAST_WORDS, index + i));
    }
    return repository;
  }

  static ObjectNode issue(
      String repository, long id, int number, ObjectNode user, Instant created) {
    return fill(
        ISSUE,
        Map.of(
            "url", API + "/repos/" + repository,
            "repo", repository,
            "id", id,
            "node", node("05:Issue", id),
            "number", number,
            "user", user,
            "created", created));
  }

  static ObjectNode readme(Repository repository, String markdown) {
    return file(README, repository, markdown);
  }

  static ObjectNode blob(Repository repository, String text) {
    return file(BLOB, repository, text);
  }

  /** The name that a text has as a blob. */
  static String sha(String text) {
    return Answer.sha256(text.getBytes(UTF_8)).substring(0, 40);
  }

  private static ObjectNode file(String template, Repository repository, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    String fullName = repository.json().path("full_name").asText();
    String lines = Base64.getMimeEncoder(60, new byte[] {'\n'}).encodeToString(bytes) + '\n';
    return fill(
        template,
        Map.of(
            "url",
            API + "/repos/" + fullName,
            "repo",
            fullName,
            "sha",
            sha(text),
            "node",
            node("04:Blob", repository.id),
            "size",
            bytes.length,
            "content",
            lines.replace("\n", "\\n")));
  }

  private static int square(Random random, int bound) {
    return random.nextInt(bound) * random.nextInt(bound);
  }

  private static String pick(List<String> from, int index) {
    return from.get(index % from.size());
  }

  private static String node(String kind, long id) {
    return Base64.getEncoder().encodeToString((kind + id).getBytes(UTF_8));
  }

  private static ObjectNode fill(String template, Map<String, ?> values) {
    String text =
        SLOT.matcher(template)
            .replaceAll(slot -> Matcher.quoteReplacement(values.get(slot.group(1)).toString()));
    try {
      return (ObjectNode) MAPPER.readTree(text);
    } catch (JsonProcessingException wrongTemplate) {
      throw new UncheckedIOException(wrongTemplate);
    }
  }
}
