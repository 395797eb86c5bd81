package io.github.camelrestcache.standin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.Answer.Content;
import io.github.camelrestcache.standin.GitHubData.Page;
import io.github.camelrestcache.standin.GitHubData.Repository;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/** Which path is answered by what. Status, content and the headers of that path alone. */
final class GitHubRoutes {
  private final GitHubData data;
  private final SinglePaths paths;

  GitHubRoutes(GitHubData data) {
    this.data = data;
    paths = new SinglePaths(data);
  }

  /** Answers everything but /rate_limit, which is not about data. */
  Answer answer(Call call) {
    Answer answer =
        switch (call.path()[0]) {
          case "repos", "repositories" -> repository(call);
          case "orgs", "organizations" -> call.reads() ? organization(call) : null;
          case "search" -> call.reads() ? search(call) : null;
          default -> call.path().length == 1 ? paths.answer(call) : null;
        };
    return answer == null ? Answer.notFound() : answer;
  }

  static Answer known(Call call, String page, Supplier<Answer> answer) {
    return call.caller().authorised()
        ? answer.get()
        : Answer.error(401, "Requires authentication", page);
  }

  private Answer organization(Call call) {
    String[] path = call.path();
    String id = Long.toString(GitHubData.ORG_ID);
    boolean here =
        path.length > 1 && (path[0].equals("orgs") ? data.isOrg(path[1]) : path[1].equals(id));
    if (!here || path.length > 3) {
      return null;
    }
    boolean privateToo = call.caller().seesPrivate();
    if (path.length == 2) {
      int count = data.repositories(privateToo).size();
      return Answer.json(200, GitHubJson.organization(data.org, GitHubData.ORG_ID, count))
          .with("Last-Modified", GitHubJson.LAST);
    }
    String list = "organizations/" + id + '/' + path[2];
    return switch (path[2]) {
      case "members" -> list(call, list, data::members, member -> member);
      case "repos" -> list(call, list, () -> data.repositories(privateToo), r -> json(call, r));
      default -> null;
    };
  }

  private Answer repository(Call call) {
    String[] path = call.path();
    boolean byId = path[0].equals("repositories");
    int own = byId ? 2 : 3;
    if (path.length < own || !byId && !data.isOrg(path[1])) {
      return null;
    }
    String rest = String.join("/", Arrays.asList(path).subList(own, path.length));
    Repository repository = byId ? data.numbered(path[1]) : data.named(path[2]);
    if (repository == null) {
      return !byId && path[2].equalsIgnoreCase("old-name") ? moved(call, rest) : null;
    }
    if (repository.isPrivate() && !call.caller().seesPrivate()) {
      return null;
    }
    if (rest.equals("issues")) {
      return issues(call, repository);
    }
    if (path.length == own + 2 && path[own].equals("issues")) {
      return issue(call, repository, path[own + 1]);
    }
    if (!call.reads()) {
      return null;
    }
    if (rest.equals("tarball") || rest.startsWith("tarball/")) {
      String ref = rest.equals("tarball") ? "refs/heads/main" : rest.substring(8);
      String archive = "http://codeload.invalid/" + fullName(repository) + "/legacy.tar.gz/" + ref;
      return Answer.of(302, Content.text("", "text/html")).with("Location", archive);
    }
    return switch (rest) {
      case "" ->
          Answer.json(200, json(call, repository)).with("Last-Modified", repository.modified());
      case "readme", "contents/README.md" ->
          text(call, repository, GitHubJson.readme(repository, readme(repository)));
      default ->
          rest.equals("git/blobs/" + GitHubJson.sha(readme(repository)))
              ? text(call, repository, GitHubJson.blob(repository, readme(repository)))
              : GitFiles.answer(repository, rest);
    };
  }

  private static Answer moved(Call call, String rest) {
    String query = call.request().query();
    String location =
        call.base() + "/repositories/" + GitHubData.renamed() + (rest.isEmpty() ? "" : "/" + rest);
    location += query.isEmpty() ? "" : '?' + query;
    ObjectNode body =
        GitHubJson.MAPPER
            .createObjectNode()
            .put("message", call.reads() ? "Moved Permanently" : "Temporary Redirect")
            .put("url", location)
            .put("documentation_url", "https://docs.github.com/rest/guides#follow-redirects");
    return Answer.json(call.reads() ? 301 : 307, body).with("Location", location);
  }

  private static String readme(Repository repository) {
    return "# " + fullName(repository) + "\n\nRead me – naïve café ☁️.\n";
  }

  /** The text of a README in the form that the caller asks for. */
  private static Answer text(Call call, Repository repository, JsonNode json) {
    String markdown = readme(repository);
    String[] lines = markdown.substring(2).split("\n+");
    String html = "<h1>" + lines[0] + "</h1>\n<p>" + lines[1] + "</p>\n";
    Answer answer =
        switch (call.form()) {
          case "raw" -> Answer.of(200, Content.text(markdown, "application/vnd.github.raw+json"));
          case "html" -> Answer.of(200, Content.text(html, "application/vnd.github.html+json"));
          default -> Answer.json(200, json);
        };
    return answer.with("Last-Modified", repository.modified());
  }

  private Answer issues(Call call, Repository repository) {
    if (call.reads()) {
      String state = call.query().getOrDefault("state", "open");
      String path = "repositories/" + repository.id + "/issues";
      return list(call, path, () -> data.issues(repository, state), issue -> issue);
    }
    return call.request().method().equals("POST")
        ? known(call, "rest/issues/issues#create-an-issue", () -> open(call, repository))
        : null;
  }

  private Answer issue(Call call, Repository repository, String text) {
    int number = text.matches("\\d{1,9}") ? Integer.parseInt(text) : 0;
    ObjectNode issue = data.issue(repository, number);
    if (issue == null) {
      return null;
    }
    if (call.reads()) {
      Instant updated = Instant.parse(issue.path("updated_at").asText());
      return Answer.json(200, issue).with("Last-Modified", updated);
    }
    return call.request().method().equals("PATCH")
        ? known(call, "rest/issues/issues#update-an-issue", () -> edit(call, repository, number))
        : null;
  }

  private Answer edit(Call call, Repository repository, int number) {
    JsonNode body = call.object();
    return body == null ? Answer.noJson() : Answer.json(200, data.edit(repository, number, body));
  }

  private Answer open(Call call, Repository repository) {
    JsonNode body = call.object();
    if (body == null) {
      return Answer.noJson();
    }
    String page = "rest/issues/issues#create-an-issue";
    if (!body.has("title")) {
      return Answer.missing("title", page);
    }
    if (body.path("title").asText().isBlank()) {
      return Answer.invalid("Issue", "title", page);
    }
    ObjectNode issue = data.open(repository, call.caller().login(), body);
    String path = "/repos/" + fullName(repository) + "/issues/" + issue.path("number").asInt();
    return Answer.json(201, issue).with("Location", call.base() + path);
  }

  private Answer search(Call call) {
    if (call.path().length != 2 || !call.path()[1].equals("repositories")) {
      return null;
    }
    String wanted = call.query().getOrDefault("q", "").toLowerCase(Locale.ROOT);
    if (wanted.isBlank()) {
      return Answer.invalid("Search", "q", "rest/search/search#search-repositories");
    }
    return page(
        call,
        "search/repositories",
        () -> found(wanted, call.caller().seesPrivate()),
        repository -> json(call, repository),
        (total, items) -> {
          ObjectNode result = GitHubJson.MAPPER.createObjectNode();
          result.put("total_count", total).put("incomplete_results", false).set("items", items);
          return result;
        });
  }

  private List<Repository> found(String wanted, boolean privateToo) {
    return data.repositories(privateToo).stream()
        .filter(
            repository -> {
              JsonNode json = repository.json();
              String text = json.path("name").asText() + '\n' + json.path("description").asText();
              return text.toLowerCase(Locale.ROOT).contains(wanted);
            })
        .toList();
  }

  private <T> Answer list(
      Call call, String path, Supplier<List<T>> items, Function<T, JsonNode> json) {
    return page(call, path, items, json, (total, array) -> array);
  }

  private <T> Answer page(
      Call call,
      String path,
      Supplier<List<T>> items,
      Function<T, JsonNode> json,
      BiFunction<Integer, ArrayNode, JsonNode> whole) {
    int perPage = Math.min(100, call.number("per_page", 30));
    int number = call.number("page", 1);
    String dependsOn =
        String.join(
            " ",
            path,
            call.query().getOrDefault("state", ""),
            call.query().getOrDefault("q", ""),
            Boolean.toString(call.caller().seesPrivate()),
            Boolean.toString(call.newer()));
    Page page = data.page(dependsOn, number, perPage, items, json, whole);
    Answer answer = Answer.of(200, page.content());
    String link = call.link(path, number, page.last());
    return link.isEmpty() ? answer : answer.with("Link", link);
  }

  private static ObjectNode json(Call call, Repository repository) {
    ObjectNode json = repository.json();
    return call.newer() ? json.without("has_downloads") : json;
  }

  private static String fullName(Repository repository) {
    return repository.json().path("full_name").asText();
  }
}
